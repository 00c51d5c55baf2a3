"""A private MariaDB or MySQL server on loopback, for one folder: made, started and stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from local.child import Child, free_port, wait_until
from local.data.mysql.programs import Programs, find_or_install
from local.errors import UserError
from local.program import run_program

HOST = "127.0.0.1"
USER = "crossover"
DATABASE = "twitter"
START_SECONDS = 60.0
"""A first start makes system tables, and one after a crash replays the log."""
STOP_SECONDS = 30.0
INSTALL_SECONDS = 120.0
"""The system tables of a data directory take a second or two; on a slow disk, half a minute."""
PS_SECONDS = 10.0

INIT_FILE = f"""\
CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS '{USER}'@'{HOST}';
GRANT ALL ON *.* TO '{USER}'@'{HOST}';
"""


class PrivateServer:
    """A server whose data live in `folder`, reachable from this machine only, by a user without a password.

    Used as a context manager it runs while the block does. Without a folder it works in a temporary one and leaves
    nothing behind. `options` are handed to the server program as they stand, after this class's own.
    """

    def __init__(self, folder: Path | None = None, *, port: int | None = None, options: Sequence[str] = ()) -> None:
        self._temporary = folder is None
        self.folder = (folder or Path(tempfile.mkdtemp(prefix="crossover-mysql-"))).absolute()
        self.port = port
        self._options = tuple(options)
        self._process: Child | None = None

    def url(self, database: str = DATABASE) -> str:
        """Return the store URL of a database on this server."""
        return f"mysql://{USER}@{HOST}:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The server's own process id, where the child may be its guard. Raises RuntimeError where it does not run."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return int((self.folder / "pid").read_text())

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `UserError` with the end of its log if it does not."""
        programs = find_or_install()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UserError(f"{self.folder} cannot be the server's folder: {problem.strerror}") from None
        self._refuse_a_second_server()
        if not (self._data / "mysql").is_dir():
            self._make_data(programs)
        chosen = self.port or self._last_port()
        for _ in range(3):
            # A free port may be taken before the server has it; one that was given is not exchanged for another.
            if self._try_to_start(programs, port := chosen or free_port(HOST)):
                self.port = port
                (self.folder / "port").write_text(str(port))
                return
            if self.port or "Address already in use" not in self._log_end():
                break
            chosen = None
        raise UserError(f"the database server did not start; the end of {self.folder / 'log'}: {self._log_end()}")

    def stop(self) -> None:
        """End the server cleanly. Stopping twice is harmless."""
        self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until the server ends by itself, and return its exit status."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.wait()

    def __enter__(self) -> PrivateServer:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _make_data(self, programs: Programs) -> None:
        # Made aside and renamed, so that a killed first start leaves nothing that looks like a data directory.
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        if programs.install:
            command = [programs.install, "--no-defaults", f"--datadir={new}", "--skip-test-db"]
            command += ["--auth-root-authentication-method=normal", *_as_root()]
        else:
            command = [programs.server, "--no-defaults", "--initialize-insecure", f"--datadir={new}", *_as_root()]
        done = run_program(command, INSTALL_SECONDS, env=self._environment())
        if done.returncode:
            raise UserError(f"no data directory could be made in {self.folder}: {(done.stderr or done.stdout)[-300:]}")
        shutil.rmtree(self._data, ignore_errors=True)
        new.rename(self._data)

    def _environment(self) -> dict[str, str]:
        # A folder of its own for temporary files: a server that starts deletes in it what others still use.
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {**os.environ, "TMPDIR": str(temporary)}

    def _try_to_start(self, programs: Programs, port: int) -> bool:
        (self.folder / "pid").unlink(missing_ok=True)
        init = self.folder / "init.sql"
        init.write_text(INIT_FILE)
        log = self.folder / "log"
        with log.open("wb") as output:
            self._process = process = Child(
                [
                    programs.server,
                    "--no-defaults",
                    *_as_root(),
                    f"--datadir={self._data}",
                    "--socket=server.sock",
                    f"--pid-file={self.folder / 'pid'}",
                    f"--port={port}",
                    f"--bind-address={HOST}",
                    f"--init-file={init}",
                    "--skip-name-resolve",
                    "--character-set-server=utf8mb4",
                    "--collation-server=utf8mb4_bin",
                    "--innodb-buffer-pool-size=256M",
                    "--innodb-flush-log-at-trx-commit=2",
                    "--max-allowed-packet=16M",
                    "--loose-innodb-log-file-size=48M",
                    "--loose-mysqlx=OFF",
                    *self._options,
                ],
                stdin=subprocess.DEVNULL,
                output=output,
                env=self._environment(),
            )

        def is_ready() -> bool:
            # It writes its process id once the port is its own; until then another server may answer there.
            return (self.folder / "pid").exists() and _greets(port)

        if wait_until(is_ready, START_SECONDS, while_true=lambda: process.poll() is None):
            return True
        self._end(signal.SIGKILL)
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop(how, STOP_SECONDS)

    def _refuse_a_second_server(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "pid").read_text())
            command = run_program(["ps", "-ww", "-o", "args=", "-p", str(pid)], PS_SECONDS)
            if str(self._data) in command.stdout:
                raise UserError(
                    f"a server (process {pid}) runs on {self.folder} already, at {self._known_url()}; "
                    f"stop it with: kill {pid}"
                )

    def _known_url(self) -> str:
        self.port = self._last_port()
        return self.url()

    def _last_port(self) -> int | None:
        """Return the port of last time, so that a URL in a shell's history stays good."""
        try:
            return int((self.folder / "port").read_text())
        except (OSError, ValueError):
            return None

    def _log_end(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
            errors = [line for line in lines if "[ERROR]" in line] or lines
            return " ".join(errors[-3:])[-500:]
        return "(no log)"


def _as_root() -> list[str]:
    """Return the option without which the programs refuse to run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _greets(port: int) -> bool:
    """Whether something sends a first byte there: a MySQL server speaks first, and after its init file was run."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False
