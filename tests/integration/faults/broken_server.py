"""`python -m tests.integration.faults.broken_server`: a shim whose workers fail at their start."""

from container.server import main
from functions.qrcode import handler


def broken() -> None:
    raise RuntimeError("the tables are broken")


if __name__ == "__main__":
    main()
else:
    object.__setattr__(handler.SERVICE, "warm", broken)
