"""Where a running proxy of this project is: `--proxy` sends both platforms to it."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from local.errors import UserError
from local.paths import DATA

FOLDER = DATA / "rds-proxy"


def remember(url: str, folder: Path = FOLDER) -> Path:
    """Keep a running proxy's store URL, readable by its user only, since it may have a password."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "url"
    file.touch(mode=0o600)
    file.write_text(url)
    return file


def running_url(folder: Path = FOLDER) -> str:
    """Return the store URL of the proxy that runs.

    Raises:
        UserError: None does.
    """
    try:
        url = (folder / "url").read_text()
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1):
            return url
    except (OSError, ValueError):
        raise UserError("no emulated RDS Proxy runs; start one with: make proxy") from None
