"""Numbers that several processes write and all of them read: a sheet of memory for each worker.

A worker adds to its own sheet as it would to a list, at 0.1 us (prometheus_client's multi-process values take 1.4 us a
counter and 2.8 us a histogram, 3 % of a request; measured on CPython 3.11). The sheets are files that are mapped into
memory. A lock on its file tells that a sheet's worker lives, and the kernel lifts it however the worker ends; the next
worker then takes the sheet over, and what was counted goes on.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

from crossover.settings import SettingError

FOLDER = "CROSSOVER_SHEETS"
"""The variable by which a supervisor tells its workers where the sheets are."""
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder is made private, under a name of chance
_NUMBER = 8


class Sheet(NamedTuple):
    """A worker's numbers as they are at this moment, and whether the worker lives."""

    alive: bool
    numbers: Sequence[float]


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A private folder for the sheets of the workers that are started meanwhile; gone afterwards.

    It is in memory where there is such a place: Linux has /dev/shm, writable in a pod too whose root is read-only.
    Elsewhere it is where TMPDIR says. Raises `SettingError` where neither can be written.
    """
    in_memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    try:
        folder = tempfile.mkdtemp(prefix="crossover-", dir=in_memory)
    except OSError as problem:
        raise SettingError("WORKERS and MAX_REQUESTS need a folder that can be written; TMPDIR names one") from problem
    os.environ[FOLDER] = folder
    try:
        yield Path(folder)
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


class Sheets:
    """This worker's sheet of `size` numbers, `own`, and those of all workers that it shares a folder with."""

    def __init__(self, size: int, folder: Path | None = None) -> None:
        """Takes a sheet that no living worker has. Without a folder it is this process' alone."""
        self._folder = folder
        self._size = size
        memory = mmap.mmap(-1, size * _NUMBER) if folder is None else self._take(folder)
        self.own = memoryview(memory).cast("d")

    def read(self) -> list[Sheet]:
        """Every worker's sheet, this one's too."""
        if self._folder is None:
            return [Sheet(True, self.own.tolist())]
        return read(self._folder, self._size)

    def _take(self, folder: Path) -> mmap.mmap:
        for number in count():
            with (folder / str(number)).open("a+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                # Written and not only made longer: a page that there is no memory for would else end the process later.
                file.write(bytes(self._size * _NUMBER - os.fstat(file.fileno()).st_size))
                file.flush()
                # What is mapped has a descriptor of its own of the same open file, which keeps the lock.
                return mmap.mmap(file.fileno(), self._size * _NUMBER)
        raise AssertionError("numbers end")  # pragma: no cover


def read(folder: Path, size: int) -> list[Sheet]:
    """The sheets in a folder, in their order. `size` is the number of numbers that each has, or more than that."""
    sheets = []
    for path in sorted(folder.iterdir(), key=lambda path: int(path.name)):
        with path.open("rb") as file:
            content = file.read(size * _NUMBER)
            alive = False
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                alive = True
        if len(content) == size * _NUMBER:
            sheets.append(Sheet(alive, memoryview(content).cast("d")))
    return sheets
