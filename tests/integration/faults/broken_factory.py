"""`python -m tests.integration.faults.broken_factory`: a shim whose application cannot be made."""

from container.server import main


def create() -> None:
    raise RuntimeError("the factory is broken")


if __name__ == "__main__":
    main("tests.integration.faults.broken_factory:create")
