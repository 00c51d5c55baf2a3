"""The store on DynamoDB, for Lambda (as a layer of its own), the container and tests."""
