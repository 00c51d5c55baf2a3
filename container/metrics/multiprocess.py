"""What several workers share their metrics in: prometheus_client's multiprocess mode, and its folder.

The mode is on where `PROMETHEUS_MULTIPROC_DIR` is set before prometheus_client is imported. The server sets it for the
workers that it starts; an operator can set it too, to keep counters over a restart.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from crossover.settings import SettingError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "crossover-metrics-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder is made private, under a random name


@contextmanager
def shared_folder(parent: Path = _IN_MEMORY) -> Iterator[Path]:
    """Make a private folder for the metrics of the workers that are started meanwhile; remove it afterwards.

    It is in memory where Linux has `/dev/shm`, which a pod may write although its root is read-only; elsewhere it is
    where `TMPDIR` says. A lock tells that its server lives: folders that a killed server left are removed.

    Raises:
        SettingError: No folder can be written.
    """
    if os.environ.get(VARIABLE):
        yield Path(os.environ[VARIABLE])
        return
    parent = parent if os.access(parent, os.W_OK) else Path(tempfile.gettempdir())
    _remove_abandoned(parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as problem:
        raise SettingError("WORKERS above 1 need a folder that can be written; TMPDIR names one") from problem
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[VARIABLE]
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def registry() -> CollectorRegistry | None:
    """Collect the metrics of all workers; None where this process is the only one.

    Gauges of workers that have died are dropped first.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    for path in Path(folder).glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
    collected = CollectorRegistry()
    MultiProcessCollector(collected, folder)  # type: ignore[no-untyped-call]
    return collected


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
