"""What the project needs beside the services: tools that serve, measure, price and deploy them."""
