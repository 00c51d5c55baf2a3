"""The store on MySQL, for Lambda (as a layer of its own), the container and tests: RDS, RDS Proxy, MariaDB alike."""
