"""The container shim as a real process on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Server:
    """A running shim: where it is, its process, and what it has written to its log."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: IO[bytes]) -> None:
        self.process = process
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self._log = log

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def get(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower-case names) and body."""
        request = urllib.request.Request(self.address + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def listens(self) -> bool:
        """Whether it takes connections."""
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def rss_kb(self) -> int:
        """Resident memory in kB."""
        words = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True
        ).stdout
        return int(words)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running_server(module: str = "container", wait: bool = True, **settings: object) -> Iterator[Server]:
    """The shim with these settings (lower-case names), gone when the block ends; ready when it begins, with `wait`."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "CROSSOVER_SERVICES": "qrcode"}
    environment |= {name.upper(): str(value) for name, value in settings.items()}
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=log, stderr=log)
        server = Server(process, port, log)
        try:
            if wait:
                _wait_until_ready(server)
            yield server
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log()
        try:
            if server.get("/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"not ready: {server.log()}")
