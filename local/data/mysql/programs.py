"""Where the database server's programs are, and how they get on the machine."""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

from local.console import stderr
from local.errors import UserError
from local.program import run_program

PACKAGES = ("mariadb-server-core", "mariadb-client-core")
"""What Debian and Ubuntu need: the server alone, which starts nothing by itself, and the client programs that the
making of a data directory calls."""

VERSION_SECONDS = 20
INSTALL_SECONDS = 600
"""For apt-get, which may wait for a slow mirror."""

BY_HAND = f"as root: apt-get install {' '.join(PACKAGES)} (macOS: brew install mariadb)"


class Programs(NamedTuple):
    """The server program, and the one that makes a data directory where that is a program of its own (MariaDB)."""

    server: str
    install: str | None


def find() -> Programs | None:
    """Return the programs on this machine, also those in /usr/sbin; None where there are none."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    install = shutil.which("mariadb-install-db", path=path) or shutil.which("mysql_install_db", path=path)
    if (server := shutil.which("mariadbd", path=path)) and install:
        return Programs(server, install)
    if server := shutil.which("mysqld", path=path):
        version = run_program([server, "--version"], VERSION_SECONDS).stdout
        if "MariaDB" not in version:
            return Programs(server, None)
        if install:
            return Programs(server, install)
    return None


def find_or_install() -> Programs:
    """Return the programs, installed with apt by root. Raises `UserError` that says what to install."""
    if program := find():
        return program
    if os.geteuid() == 0 and shutil.which("apt-get") and os.environ.get("NO_APT") != "1":
        stderr.print(f"crossover: installing with apt-get (NO_APT=1 refuses): {' '.join(PACKAGES)}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
            done = run_program(["apt-get", *arguments], INSTALL_SECONDS, env=quiet)
            if done.returncode:
                raise UserError(f"apt-get {arguments[0]} failed ({done.stderr.strip()[-200:]}); {BY_HAND}")
        if program := find():
            return program
    raise UserError(f"no MariaDB or MySQL server is installed; {BY_HAND}")
