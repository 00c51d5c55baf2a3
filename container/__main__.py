"""`python -m container`: the container's entry point."""

from container.server import main

main()
