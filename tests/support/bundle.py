"""`python -m tests.support.bundle`: the container shim with the two services of the tests in its registry."""

from container.server import main
from functions.registry import SERVICES

SERVICES |= {"notes": "tests.services.notes", "primes": "tests.services.primes"}

if __name__ == "__main__":
    main()
