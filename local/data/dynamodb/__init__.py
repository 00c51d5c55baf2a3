"""DynamoDB on this machine: tables, and servers that speak its interface."""
