"""The whole way: files of tweets in, a loaded store and a report out. Nothing is left behind but the store."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from crossover.stores import ADAPTERS, load
from crossover.stores.port import Loaded, LoadFailed
from crossover.stores.sqlite import path_of
from local.data.etl.parsing import REASONS
from local.errors import UserError

PREFIX = "crossover-etl-"
MEMORY_LIMIT = "1500MB"
"""What the database may hold in memory; beyond it, it spills into the work folder."""


class Report(NamedTuple):
    """What a run did."""

    files: int
    lines: int
    dropped: dict[str, int]
    """Lines for each of `local.data.etl.parsing.REASONS`, in their order."""
    valid: int
    seconds: dict[str, float]
    """Wall time of each part: parse, relate, load (packing within)."""
    users: int = 0
    """Users with a contact."""
    records: int = 0
    store_bytes: int = 0
    version: str = ""


class Progress:
    """What a run tells of itself as it goes. This one keeps silent."""

    def total(self, bytes_to_read: int) -> None:
        """How much there is to read."""

    def read(self, amount: int) -> None:
        """So many bytes more were read."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def packed(self, records: int) -> None:
        """So many records more were packed."""


Loader = Callable[[str, Any], Loaded]
"""Write the `Stages` of `local.data.etl.groups` beside the store at a URL, then swap them in."""


def load_records(url: str, stages: Any) -> Loaded:
    """The loader of stores that keep packed records."""
    return load(url, stages.records())


def run(
    files: list[Path],
    popular: frozenset[str],
    url: str,
    work: Path | None = None,
    progress: Progress | None = None,
    loader: Loader = load_records,
) -> Report:
    """Loads the valid tweets of `files` into the store at `url`; intermediate data goes into a folder inside `work`.

    Raises UserError where the input, the URL or the disk is not up to it; then what the store had before still serves.
    """
    # Seconds of imports that no other command needs.
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from local.data.etl.groups import Stages
    from local.data.etl.parts import parse_all
    from local.data.etl.reading import blocks
    from local.data.etl.stages import build
    from local.data.etl.workers import Workers, cores

    progress = progress or Progress()
    place = work_place(url, work)
    try:
        with work_folder(place) as folder, Workers() as workers:
            started = monotonic()
            progress.stage("parse")
            progress.total(sum(path.stat().st_size for path in files))
            counts = parse_all((block for path in files for block in blocks(path, progress.read)), folder, workers)
            parsed = monotonic()
            with _database(folder, cores()) as con:
                # Read as a file, as Ibis' own way to hand over a table fails on DuckDB 2.0.
                tags = pa.table({"tag": pa.array(sorted(popular), pa.string())})
                pq.write_table(tags, folder / "popular.parquet")
                parts = con.read_parquet(str(folder / "part-*.parquet"))
                build(con, parts, con.read_parquet(str(folder / "popular.parquet")), progress.stage)
                valid = con.table("tweets").count().to_pyarrow().as_py()
                related = monotonic()
                report = Report(
                    files=len(files),
                    lines=counts["lines"],
                    dropped={reason: counts[reason] for reason in REASONS} | {"duplicate": counts["parsed"] - valid},
                    valid=valid,
                    users=con.table("contacts").user_id.nunique().to_pyarrow().as_py(),
                    seconds={"parse": parsed - started, "relate": related - parsed},
                )
                if not valid:
                    return report
                progress.stage("load")
                loaded = loader(url, Stages(con, folder, workers, progress.packed))
            return report._replace(
                seconds=report.seconds | {"load": monotonic() - related},
                records=loaded.records,
                store_bytes=loaded.size_bytes,
                version=loaded.version,
            )
    except LoadFailed as problem:
        raise UserError(f"{problem}; what the store had before is as it was") from None
    except (OSError, duckdb.OperationalError, duckdb.FatalException) as problem:
        raise UserError(f"cannot work in {place}: {problem}; make room or choose another folder with --work") from None
    except BrokenProcessPool:
        raise UserError("a worker process was killed, most likely for want of memory; the store is as it was") from None


@contextmanager
def _database(folder: Path, threads: int) -> Iterator[Any]:
    """An Ibis connection to a database in the folder, which spills there too."""
    import ibis

    connection = ibis.duckdb.connect(
        str(folder / "stages.duckdb"),
        threads=threads,
        memory_limit=MEMORY_LIMIT,
        temp_directory=str(folder / "spill"),
    )
    try:
        yield connection
    finally:
        connection.disconnect()


def check_url(url: str) -> None:
    """Raises UserError unless a store can be at the URL."""
    scheme, separator, _ = url.partition("://")
    try:
        if not separator or scheme not in ADAPTERS:
            raise ValueError(f"a store's URL begins with {' or '.join(f'{name}://' for name in ADAPTERS)}")
        if scheme == "sqlite" and path_of(url).is_dir():
            raise ValueError(f"{path_of(url)} is a folder: give the path of a file, sqlite:///PATH")
    except ValueError as problem:
        raise UserError(str(problem)) from None


def work_place(url: str, work: Path | None) -> Path:
    """Where intermediate data goes: the given folder, else beside a store that is a file, else the system's own."""
    if work is not None:
        return work.absolute()
    try:
        return path_of(url).absolute().parent
    except ValueError:
        return Path(tempfile.gettempdir())


@contextmanager
def work_folder(place: Path) -> Iterator[Path]:
    """A new folder inside `place`, gone at the end. What killed runs left there goes at once.

    A run holds a lock on its folder, which a kill gives back; so a folder that nobody holds is left over.
    """
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with _locked(place, fcntl.LOCK_EX):
            for leftover in place.glob(f"{PREFIX}*"):
                with suppress(OSError), _locked(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(leftover, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
            held.enter_context(_locked(folder, fcntl.LOCK_EX))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
