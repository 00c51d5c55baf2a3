"""`python -m tests.support.parsed_server`: the container without its direct path."""

from container.http.protocol import BoundedProtocol
from container.server import main

if __name__ == "__main__":
    main(protocol=BoundedProtocol)
