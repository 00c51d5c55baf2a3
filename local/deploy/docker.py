"""Docker's command line, for the user's engine or any other."""

from __future__ import annotations

import os
import shutil
import subprocess

LOGS_SECONDS = 60


class EngineError(RuntimeError):
    """The engine refused something. The message is one line, the end of its output."""


class Docker:
    """The `docker` command with one engine: the one at `address`, or the one that the user's environment names."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address or ""
        self._command = ["docker", *(("-H", address) if address else ())]

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        return [*self._command, *arguments]

    def ask(self, *arguments: str, seconds: float = 600) -> str:
        """Return what a command prints. Raises `EngineError`."""
        try:
            done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise EngineError(f"docker {arguments[0]} did not end within {seconds:g} s") from None
        if done.returncode:
            output = " ".join((done.stderr or done.stdout).split())
            raise EngineError(f"docker {arguments[0]}: {output[-600:]}")
        return done.stdout.strip()

    def show(self, *arguments: str) -> None:
        """Run a long command whose output the user sees, on standard error. Raises `EngineError`."""
        done = subprocess.run(self.command(*arguments), stdout=2)
        if done.returncode:
            raise EngineError(f"docker {arguments[0]} failed; its output stands above")

    def has(self, plugin: str) -> bool:
        """Return whether the command line has a plugin."""
        try:
            self.ask(plugin, "version", seconds=20)
        except EngineError:
            return False
        return True

    def logs(self, container: str) -> str:
        """Return all that a container has written, on either stream. Raises `EngineError`."""
        command = self.command("logs", container)
        try:
            return subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LOGS_SECONDS
            ).stdout
        except subprocess.TimeoutExpired:
            raise EngineError(f"docker logs did not end within {LOGS_SECONDS} s") from None

    def answers(self) -> bool:
        """Return whether there is a `docker` command and an engine behind it."""
        if shutil.which("docker", path=os.environ.get("PATH")) is None:
            return False
        try:
            self.ask("version", seconds=20)
        except EngineError:
            return False
        return True
