"""Server programs on loopback that run while a block does, in a temporary folder."""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from local.child import Child, NotReadyError, free_port
from local.errors import UserError

HOST = "127.0.0.1"
STOP_SECONDS = 10.0
LOG_CHARACTERS = 300
"""Of the end of its log, where it did not start."""


class TemporaryServer(ABC):
    """A server that runs while the block does, and forgets everything at its end."""

    name: str
    """What an error calls it."""
    prefix: str
    """How the name of its folder begins."""
    start_seconds: float
    """What it may take to answer."""

    def __init__(self, port: int = 0) -> None:
        """Prepare a server.

        Args:
            port: On loopback; 0 takes a free one at the start.
        """
        self.port = port
        self._folder = Path()
        self._process: Child | None = None

    @abstractmethod
    def _program(self) -> str:
        """Return the program. Raises `UserError` that says how to get it."""

    @abstractmethod
    def _arguments(self) -> list[str]:
        """Return what the program is started with; port and folder are known. Files may be written to the folder."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether the server answers."""

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `UserError`."""
        program = self._program()
        self.port = self.port or free_port(HOST)
        self._folder = Path(tempfile.mkdtemp(prefix=self.prefix))
        command = [program, *self._arguments()]
        with (self._folder / "log").open("wb") as log:
            self._process = process = Child(command, output=log)
        try:
            process.wait_until_ready(self._answers, self.start_seconds)
        except NotReadyError as problem:
            text = (self._folder / "log").read_text(errors="replace")[-LOG_CHARACTERS:].strip()
            self.stop()
            raise UserError(f"{self.name} did not start on port {self.port}: {problem}: {text}") from None

    def stop(self) -> None:
        """End the server, and remove its folder. Stopping twice is harmless."""
        process, self._process = self._process, None
        if process is not None:
            process.stop(seconds=STOP_SECONDS)
            shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> int:
        """Wait until the server ends by itself, and return its exit status."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
