"""The cache port: what a cached store asks of a cache, and the part of a store's URL that names one.

| option | meaning | default |
| --- | --- | --- |
| cache | `local:64MB` in the process, `redis://HOST:PORT` or `rediss://HOST:PORT` (over TLS) in a server | |
| cache_seconds | how long an entry is kept, less up to a fifth | 300 |
| cache_refresh | seconds until a new load is noticed, at most | 1 |
| cache_timeout | seconds that a server may take to connect, and then to answer | 0.05 |
| cache_ca | certificates in this file check the server's, in place of the system's authorities | |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from crossover.stores.parts import SEPARATOR, split_shards

MAX_SECONDS = 86_400.0
SIZE = re.compile(r"([1-9][0-9]{0,3})(kB|MB|GB)", re.ASCII)
UNITS = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
LOCAL, REMOTE = "local:", ("redis://", "rediss://")
FORM = "cache is local:64MB, redis://HOST:PORT or rediss://HOST:PORT"


class CacheGone(Exception):
    """A cache does not answer, or not what it should. The message has no part of its address's password."""


class Cache(Protocol):
    """Entries of bytes under keys of bytes, any of which may be missing at any time. Methods raise `CacheGone`."""

    waits: bool
    """Whether it has to be asked in a thread."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the entries under `keys`, in their order."""
        ...

    def set_many(self, entries: Sequence[tuple[bytes, bytes, float]]) -> None:
        """Keep entries, each a key, its bytes, and the seconds that it may be kept."""
        ...

    def close(self) -> None:
        """Release connections and memory."""
        ...


@dataclass(frozen=True, slots=True)
class CacheTarget:
    """Which cache, and how it is used. Times are seconds."""

    address: str = field(repr=False)
    size_bytes: int = 0
    """Of a cache in the process."""
    seconds: float = 300.0
    refresh: float = 1.0
    timeout: float = 0.05
    ca: str | None = None


def split_cache(url: str) -> tuple[str, CacheTarget | None]:
    """Divide a store's URL into that of the store and its cache, which is named in the last URL of a divided store.

    Raises:
        ValueError: Where a cache cannot be meant; the message repeats no part that could be a password.
    """
    *others, last = split_shards(url)
    base, mark, query = last.partition("?")
    if "cache" not in query:
        return url, None
    pairs = parse_qsl(query, keep_blank_values=True)
    own = [(name, value) for name, value in pairs if name.partition("_")[0] == "cache"]
    if not own:
        return url, None
    values = dict(own)
    unknown = set(values) - {"cache", "cache_seconds", "cache_refresh", "cache_timeout", "cache_ca"}
    if unknown or len(values) < len(own):
        raise ValueError("a store's URL takes cache, cache_seconds, cache_refresh, cache_timeout, cache_ca, each once")
    if "cache" not in values:
        raise ValueError(f"cache_... without a cache: {FORM}")
    rest = [pair for pair in pairs if pair not in own]
    last = base + (mark + urlencode(rest, safe=":/@") if rest else "")
    target = _address(values["cache"])
    for option in ("seconds", "refresh", "timeout"):
        if (text := values.get(f"cache_{option}")) is not None:
            target = replace(target, **{option: _seconds(f"cache_{option}", text)})  # type: ignore[arg-type]
    return SEPARATOR.join([*others, last]), replace(target, ca=values.get("cache_ca"))


def _address(text: str) -> CacheTarget:
    if text.startswith(LOCAL):
        size = SIZE.fullmatch(text[len(LOCAL) :])
        if size is None:
            raise ValueError("cache=local: takes a size such as local:64MB, in kB, MB or GB")
        return CacheTarget(text, int(size[1]) * UNITS[size[2]])
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    database = parts.path.strip("/") if good else ""
    if not text.startswith(REMOTE) or not good or parts.query or parts.fragment:
        raise ValueError(FORM)
    if database and not (database.isascii() and database.isdigit() and len(database) < 5):
        raise ValueError("the path of a cache's address is the number of a database: redis://HOST:PORT/0")
    return CacheTarget(text)


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= MAX_SECONDS:
        raise ValueError(f"{name} is a number of seconds above 0 and up to {MAX_SECONDS:.0f}")
    return seconds
