"""A private Redis or Valkey server on loopback, that keeps nothing on disk: found, or installed with apt by root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence

from local.console import stderr
from local.errors import UserError
from local.temporary_server import HOST, TemporaryServer

PROGRAMS = ("valkey-server", "redis-server")
PACKAGE = "redis-server"
BY_HAND = f"as root: apt-get install {PACKAGE} (macOS: brew install valkey)"
MEMORY_MB = 64


def find() -> str | None:
    """Return the server's program on this machine, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    return next((path_found for name in PROGRAMS if (path_found := shutil.which(name, path=path))), None)


def find_or_install() -> str:
    """Return the program, installed with apt by root. Raises `UserError` that says what to install."""
    if program := find():
        return program
    if os.geteuid() == 0 and shutil.which("apt-get") and os.environ.get("NO_APT") != "1":
        stderr.print(f"crossover: installing with apt-get (NO_APT=1 refuses): {PACKAGE}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", PACKAGE]):
            done = subprocess.run(["apt-get", *arguments], env=quiet, capture_output=True, text=True, check=False)
            if done.returncode:
                raise UserError(f"apt-get {arguments[0]} failed ({done.stderr.strip()[-200:]}); {BY_HAND}")
        if program := find():
            return program
    raise UserError(f"no Redis or Valkey server is installed; {BY_HAND}")


class PrivateRedis(TemporaryServer):
    """A server that runs while the block does, in a temporary folder; `options` are handed to it as they stand.

    It keeps up to `memory_mb`, and then forgets what was not asked for the longest.
    """

    name = "the Redis server"
    prefix = "crossover-redis-"
    start_seconds = 20.0

    def __init__(self, *, port: int = 0, memory_mb: int = MEMORY_MB, options: Sequence[str] = ()) -> None:
        super().__init__(port)
        self._memory_mb = memory_mb
        self._options = tuple(options)

    @property
    def address(self) -> str:
        """What `cache=` of a store's URL takes."""
        return f"redis://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's own process id, where the child may be its guard."""
        return int((self._folder / "pid").read_text())

    def _program(self) -> str:
        return find_or_install()

    def _arguments(self) -> list[str]:
        arguments = ["--bind", HOST, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        arguments += ["--dir", str(self._folder), "--pidfile", str(self._folder / "pid")]
        return [*arguments, "--maxmemory", f"{self._memory_mb}mb", "--maxmemory-policy", "allkeys-lru", *self._options]

    def _answers(self) -> bool:
        # It writes its process id once the port is its own; until then another server may answer there.
        if not (self._folder / "pid").exists():
            return False
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(1) in (b"+", b"-")
        except OSError:
            return False
