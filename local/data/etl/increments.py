"""The valid tweets of former runs, kept in a folder so that new ones can be added without the old raw files.

The folder has one Parquet file of the table `tweets`, and a manifest that names it. Everything that a store holds
follows from this table and the popular tags, and of several copies of a tweet the one that is kept is the same whatever
the order, so that a store made by any division into increments is the store of one load of everything.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.data.etl.parsing import Row
from local.errors import UserError
from local.files import read_bounded, write_atomically

FORMAT = 1
"""Of the kept columns and of the rules that made them; a folder of another format is refused."""
MANIFEST = "kept.json"
OWN_FILE = re.compile(r"kept\.json|\.kept\.json\.[0-9]+|tweets-[0-9a-f]{32}\.parquet")
"""What a run writes: the manifest, the same while it is written, and tweets."""
MAX_MANIFEST_BYTES = 10_000


class KeptTweets:
    """A folder of kept tweets, which no other run uses meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest, if there is one.

        Raises:
            UserError: Where the folder is of another format, or damaged.
        """
        self.folder = folder
        self._file, self.tweets = _manifest(folder)

    @property
    def file(self) -> Path | None:
        """The Parquet file of the kept tweets; None where nothing is kept yet."""
        return self.folder / self._file if self._file else None

    def keep(self, write: Callable[[Path], object], count: int) -> None:
        """Keep tweets in place of what was kept: all, or none if the process ends before.

        Args:
            write: Writes them as a Parquet file to a path.
            count: How many they are.
        """
        name = f"tweets-{uuid4().hex}.parquet"
        write(self.folder / name)
        manifest = {"format": FORMAT, "file": name, "tweets": count}
        write_atomically(self.folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
        self._file, self.tweets = name, count
        self._clear()

    def _clear(self) -> None:
        """Remove the files that the manifest does not name: those before, and what a killed run left."""
        for path in self.folder.iterdir():
            if OWN_FILE.fullmatch(path.name) and path.name not in (self._file, MANIFEST):
                with suppress(OSError):
                    path.unlink()


@contextmanager
def open_kept(folder: Path, *, add: bool) -> Iterator[KeptTweets]:
    """Yield the kept tweets of a folder, locked.

    Args:
        folder: Made where it is not there, but not to add to it.
        add: Whether there must be kept tweets.

    Raises:
        UserError: Where the folder cannot be used, is in use, or has nothing to add to.
    """
    if add and not (folder / MANIFEST).is_file():
        raise UserError(f"{folder} has no kept tweets to add to: load once with --keep {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        raise UserError(f"cannot keep tweets in {folder}: {problem.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"another run uses {folder}: wait for its end") from None
        others = [path.name for path in folder.iterdir() if not OWN_FILE.fullmatch(path.name)]
        if others and not (folder / MANIFEST).is_file():
            raise UserError(f"{folder} has other files, {min(others)!r} for instance: give --keep a folder of its own")
        yield KeptTweets(folder)
    finally:
        os.close(descriptor)


def _manifest(folder: Path) -> tuple[str, int]:
    """Return the name of the kept file and how many tweets it has; an empty name where nothing is kept."""
    path = folder / MANIFEST
    try:
        document: Any = json.loads(read_bounded(path, MAX_MANIFEST_BYTES))
        file, tweets = document["file"], document["tweets"]
        if document["format"] != FORMAT:
            raise UserError(
                f"{folder} is of format {str(document['format'])[:20]}, and this version keeps format {FORMAT}: "
                f"load everything once with --keep and another folder"
            )
        if not isinstance(tweets, int) or Path(file).name != file or not (folder / file).is_file():
            raise ValueError(file)
        _check_readable(folder / file, tweets)
    except FileNotFoundError:
        return "", 0
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{folder} is damaged: load everything once with --keep and another folder") from None
    return file, tweets


def _check_readable(path: Path, tweets: int) -> None:
    """Raise ValueError unless a Parquet file has so many tweets, all of which can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows != tweets or set(file.schema_arrow.names) != set(Row._fields):
            raise pa.ArrowInvalid(f"{path} has other rows or columns than it should")
        # Its pages have no checksums, but hardly a damaged one can still be decompressed.
        for _ in file.iter_batches(100_000):
            pass
