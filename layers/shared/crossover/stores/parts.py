"""What a database holds of a store: all of it, or one numbered part. The version of its load says which.

A database that holds a part has no record of the other parts' keys. So it is only read as the part that it is, or a
record that is elsewhere would be answered as absent; and only loaded as that part, or those who read it would do so.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple, Protocol

from crossover.runner import Unavailable

SEPARATOR = "|"
MAX_SHARDS = 64
_NEXT = re.compile(r"\|(?=[a-z]+://)")
"""What divides URLs. A path or a password may have the character, which a URL writes as %7C, all the same."""
_LOOSE = re.compile(r"^\s*\||\|\s*$|\s\|\s*[a-z]+://|\|\s+[a-z]+://")
_MARK = re.compile(r"\.([1-9][0-9]{0,2})of([1-9][0-9]{0,2})\Z", re.ASCII)
MARK = "{}.{}of{}"
"""The version of a part's load: that of the whole load, the part's number from 1, and the number of parts."""


class Part(NamedTuple):
    """One of the parts of a store, counted from 0, and how many there are."""

    at: int
    total: int

    def __str__(self) -> str:
        return "the whole store" if self.total == 1 else f"part {self.at + 1} of {self.total}"


WHOLE = Part(0, 1)


class WrongPart(Unavailable):
    """The database holds another part than its place in the store's URL says."""


def split_shards(url: str) -> list[str]:
    """Return the URLs of a store's databases; one where it is not divided.

    Raises:
        ValueError: Where a divided store cannot be meant; the message repeats no part that could be a password.
    """
    if SEPARATOR not in url:
        return [url]
    if _LOOSE.search(url):
        raise ValueError("a divided store's URL is URL|URL, with nothing beside the |; a path's own | is %7C")
    urls = _NEXT.split(url)
    if len(urls) > MAX_SHARDS:
        raise ValueError(f"a store has {MAX_SHARDS} databases at most")
    if len({url.partition("://")[0] for url in urls}) > 1:
        raise ValueError("the databases of one store are all of one kind")
    if len({url.partition("?")[0] for url in urls}) < len(urls):
        raise ValueError("a store's URL names each of its databases once")
    return urls


def part_of(version: str) -> Part:
    """Return what a load's version says that it holds."""
    mark = _MARK.search(version)
    return Part(int(mark[1]) - 1, int(mark[2])) if mark else WHOLE


def load_of(version: str) -> str:
    """Return the version of the whole load that a part's load belongs to."""
    return _MARK.sub("", version)


def check_part(version: str, part: Part) -> None:
    """Raise `WrongPart` unless a load with this version holds this part."""
    there = part_of(version)
    if there != part:
        raise WrongPart(
            f"the database holds {there}, and the store's URL names it as {part}: "
            "name all databases of the load in its order"
        )


def check_unchanged(version: str, expected: str) -> None:
    """Raise `Unavailable` where a database has another load than the one that is being read."""
    if version != expected:
        raise Unavailable("another load took the place of the one that was being read: begin again")


class Loading(Protocol):
    """What an adapter asks about the load that it does."""

    version: str
    """Of the load, for the adapter to store."""

    def may_switch(self, seconds: float) -> bool:
        """Return whether the load is to be put in its place, once all is written; wait so long for it at most.

        Raises `crossover.stores.port.LoadFailed` where it is not to be put there at all.
        """
        ...


class LoadingAlone:
    """The load of a whole store."""

    def __init__(self) -> None:
        self.version = secrets.token_hex(8)

    def may_switch(self, seconds: float) -> bool:
        """Say yes."""
        return True
