"""The whole way: files of tweets in, a loaded store and a report out. Nothing is left behind but the store."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from crossover.stores import ADAPTERS, load
from crossover.stores.cache_port import split_cache
from crossover.stores.parts import split_shards
from crossover.stores.port import LoadFailed, PartlyLoaded
from crossover.stores.sqlite import path_of
from local.data.etl.engines import DEFAULT_MASTER, EngineName, open_engine
from local.data.etl.parsing import REASONS
from local.data.etl.popular import MAX_BYTES, tags_of
from local.errors import UserError

if TYPE_CHECKING:
    from local.data.etl.increments import KeptTweets

PREFIX = "crossover-etl-"
UNREADABLE = ("not_utf8", "not_json", "api_v2", "no_id", "no_user_id", "no_created_at", "no_text")
"""The reasons for which a line is no tweet at all, and not only one that is not wanted."""
MAX_UNREADABLE_SHARE = 0.5
MIN_VALID_SHARE = 0.01
"""Shares of the lines beyond which the input is taken for the wrong one: it replaces a store only by `--force`."""


class EtlReport(NamedTuple):
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
    """Of the load; empty where nothing was loaded."""
    figures: dict[str, float] = {}  # noqa: RUF012 - of a tuple, which nothing changes
    """What else the store counted: write units, for instance."""

    def refusal(self) -> str | None:
        """Return why the input should not replace a store without `--force`: nearly all of it was dropped."""
        if not self.lines:
            return "the input has no lines"
        unreadable = sum(self.dropped[reason] for reason in UNREADABLE)
        dropped = sum(self.dropped.values())
        usable = self.lines - dropped + self.dropped["duplicate"]
        if unreadable <= MAX_UNREADABLE_SHARE * self.lines and usable >= MIN_VALID_SHARE * self.lines:
            return None
        most = max(self.dropped, key=lambda reason: self.dropped[reason])
        return f"{dropped:,} of {self.lines:,} lines were dropped, {self.dropped[most]:,} of them as: {REASONS[most]}"


class Progress:
    """Receives the progress of a run. This one ignores it."""

    def total(self, bytes_to_read: int) -> None:
        """Note how much there is to read."""

    def read(self, amount: int) -> None:
        """Note that so many bytes more were read."""

    def stage(self, name: str) -> None:
        """Note that a stage begins."""

    def packed(self, records: int) -> None:
        """Note that so many records more were packed."""

    def storing(self, what: str, done: int, total: int) -> None:
        """Note what the store does after the last record, how much of it is done and how much there is, or 0."""


def run(  # noqa: PLR0913 (the options of the command, all but two by name)
    files: Sequence[Path | str],
    popular: frozenset[str] | str,
    url: str,
    work: Path | str | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
    kept: KeptTweets | None = None,
    add: bool = False,
    engine: EngineName = EngineName.duckdb,
    master: str = DEFAULT_MASTER,
) -> EtlReport:
    """Load the valid tweets of some files into a store, in place of what it has.

    Args:
        files: Files of tweets, as `local.data.etl.reading.blocks` reads them; for Spark also URLs.
        popular: The popular tags, lower-cased; or the URL of their file, which Spark reads.
        url: The store's URL.
        work: Where a folder for intermediate data is made, of Spark also a URL; else beside the store where that is a
            file.
        progress: Notified of the run's stages.
        force: Load even where nearly all of the input is dropped. Without a valid tweet nothing is loaded at all.
        kept: Where the valid tweets are kept, before the store is touched.
        add: Load what is kept too.
        engine: What runs the stages.
        master: Of Spark.

    Returns:
        What was done; without a version where nothing was loaded.

    Raises:
        UserError: Where the input, the URL or the disk does not allow it; then what the store had before still serves.
    """
    progress = progress or Progress()
    work_url = work if isinstance(work, str) else ""
    place = work_place(url, None if isinstance(work, str) else work)
    try:
        with work_folder(place) as folder, open_engine(engine, folder, master, work_url) as stages:
            tags = tags_of(stages.fetch(popular, MAX_BYTES), popular) if isinstance(popular, str) else popular
            started = monotonic()
            progress.stage("parse")
            progress.total(sum(path.stat().st_size for path in files if isinstance(path, Path)))
            counts = stages.parse(files, progress.read)
            parsed = monotonic()
            earlier = kept.tweets if kept and add else 0
            stages.relate(kept.file if kept and add else None, tags, progress.stage)
            tweets, contacts = stages.database.table("tweets"), stages.database.table("contacts")
            valid = tweets.count().to_pyarrow().as_py()
            copies = counts["parsed"] + earlier - valid
            related = monotonic()
            report = EtlReport(
                files=len(files),
                lines=counts["lines"],
                dropped={reason: counts[reason] for reason in REASONS} | {"duplicate": copies},
                valid=valid,
                users=contacts.user_id.nunique().to_pyarrow().as_py(),
                seconds={"parse": parsed - started, "relate": related - parsed},
            )
            if not valid or (report.refusal() and not force):
                return report
            if kept:
                progress.stage("keep")
                kept.keep(lambda path: stages.write("tweets", path), valid)
            progress.stage("load")
            loaded = load(url, stages.records(progress.packed), progress.storing)
            return report._replace(
                seconds=report.seconds | {"load": monotonic() - related},
                records=loaded.records,
                store_bytes=loaded.size_bytes,
                version=loaded.version,
                figures=dict(loaded.figures),
            )
    except PartlyLoaded as problem:
        raise UserError(str(problem)) from None
    except LoadFailed as problem:
        raise UserError(f"{problem}; what the store had before is as it was") from None
    except OSError as problem:
        raise UserError(f"cannot work in {place}: {problem}; make room or choose another folder with --work") from None


def without_cache(url: str) -> str:
    """Return a store's URL without the cache in front, which a load has no use for. Raises `UserError`."""
    try:
        return split_cache(url)[0]
    except ValueError as problem:
        raise UserError(str(problem)) from None


def check_url(url: str) -> None:
    """Raise UserError unless a store can be at the URL."""
    try:
        for one in split_shards(url):
            scheme, separator, _ = one.partition("://")
            if not separator or scheme not in ADAPTERS:
                raise ValueError(f"a store's URL begins with {' or '.join(f'{name}://' for name in ADAPTERS)}")
            if scheme == "sqlite" and path_of(one).is_dir():
                raise ValueError(f"{path_of(one)} is a folder: give the path of a file, sqlite:///PATH")
    except ValueError as problem:
        raise UserError(str(problem)) from None


def work_place(url: str, work: Path | None) -> Path:
    """Return where intermediate data goes: the given folder, else beside a store that is a file, else /tmp."""
    if work is not None:
        return work.absolute()
    try:
        return path_of(url).absolute().parent
    except ValueError:
        return Path(tempfile.gettempdir())


@contextmanager
def work_folder(place: Path) -> Iterator[Path]:
    """Yield a new folder inside `place`, removed at the end. What killed runs left there is removed first.

    A run holds a lock on its folder, which ends with the process; a folder without a lock is a leftover.
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
