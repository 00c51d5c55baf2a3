"""Data for the services: synthetic tweets, the ETL that packs them into a store, and a private MySQL server."""
