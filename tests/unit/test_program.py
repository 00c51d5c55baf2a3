"""Programs that run to their end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from local.errors import UserError
from local.program import run_program


def test_a_program_runs_to_its_end_with_what_it_printed(tmp_path: Path) -> None:
    done = run_program(["sh", "-c", "pwd; echo $GIVEN >&2; exit 3"], 10, env={**os.environ, "GIVEN": "x"}, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, f"{tmp_path.resolve()}\n", "x\n")


def test_a_program_that_takes_too_long_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(UserError, match=r"^sh did not end within 0.3 s; it was stopped$"):
        run_program(["sh", "-c", f"sleep 60 > {fifo} & wait"], 0.3)
    deadline = time.monotonic() + 10
    with open(reader, "rb") as pipe:  # noqa: PTH123 - a descriptor
        # Its end is seen once the last process that writes to it is gone.
        while (rest := pipe.read()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rest == b""


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"^cannot run nosuch: No such file or directory$"):
        run_program(["/usr/bin/nosuch"], 1)
