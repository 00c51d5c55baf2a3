"""What one process counts while it sends, and how counts of several are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

from local.load.latencies import Durations, histogram, milliseconds

MAX_SHOWN_CHARACTERS = 80
"""Characters of a request that a difference shows."""
MAX_DIFFERENCES = 20
"""Kinds of wrong answers that are kept to be shown."""


@dataclass(slots=True)
class Tally:
    """The counted requests of one service in one process."""

    right: int = 0
    wrong: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    bytes_out: int = 0
    latencies: Durations = field(default_factory=Durations)
    differences: Counter[str] = field(default_factory=Counter)

    def compared(self, request: str, differences: Sequence[str]) -> None:
        """Count an answer that was compared with a recorded one: right where nothing differs."""
        if not differences:
            self.right += 1
            return
        self.wrong += 1
        shown = f"{request[:MAX_SHOWN_CHARACTERS]}: {differences[0]}"
        if shown in self.differences or len(self.differences) < MAX_DIFFERENCES:
            self.differences[shown] += 1

    def as_data(self) -> dict[str, Any]:
        """Return the tally as it is sent to another process."""
        return {
            "right": self.right,
            "wrong": self.wrong,
            "statuses": dict(self.statuses),
            "errors": dict(self.errors),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "latencies": self.latencies.encoded(),
            "differences": dict(self.differences),
        }


@dataclass(slots=True)
class Total:
    """Tallies of several processes or services together. Bytes are those of HTTP, heads included, without TCP."""

    right: int = 0
    """Answers with the right status and body."""
    wrong: int = 0
    """Answers with the right status, 200 of a service, and another body or other headers."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by HTTP status."""
    errors: Counter[str] = field(default_factory=Counter)
    """Requests without an answer, and answers with another status than 200, each by name."""
    bytes_in: int = 0
    bytes_out: int = 0
    latencies: HdrHistogram = field(default_factory=histogram)
    """Of answers with the right status, in microseconds: a quick refusal is no quick answer."""
    differences: Counter[str] = field(default_factory=Counter)
    """Where answers differ from recorded ones, in words."""

    @property
    def answered(self) -> int:
        """Requests that were answered, whatever the answer says."""
        return self.statuses.total()

    @property
    def asked(self) -> int:
        """Requests that were to be sent."""
        return self.right + self.wrong + self.errors.total()

    def add_data(self, data: dict[str, Any]) -> None:
        """Add `Tally.as_data()`, also after it was JSON."""
        self._count(data["right"], data["wrong"], data["bytes_in"], data["bytes_out"])
        self.statuses.update({int(status): count for status, count in data["statuses"].items()})
        self.errors.update(data["errors"])
        self.latencies.decode_and_add(data["latencies"])
        self.differences.update(data["differences"])

    def add(self, other: Total) -> None:
        """Add another total."""
        self._count(other.right, other.wrong, other.bytes_in, other.bytes_out)
        self.statuses.update(other.statuses)
        self.errors.update(other.errors)
        self.latencies.add(other.latencies)
        self.differences.update(other.differences)

    def _count(self, right: int, wrong: int, bytes_in: int, bytes_out: int) -> None:
        self.right += right
        self.wrong += wrong
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out

    def as_data(self, seconds: float, *, timed: bool = True) -> dict[str, Any]:
        """Return the total as plain JSON values; rates and latencies are None unless `timed`."""
        return {
            "asked": self.asked,
            "answered": self.answered,
            "right": self.right,
            "wrong": self.wrong,
            "errors": dict(sorted(self.errors.items())),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "requests_per_second": round(self.answered / seconds, 1) if timed and seconds else None,
            "latency_ms": milliseconds(self.latencies) if timed else None,
            **({"differences": dict(self.differences.most_common(MAX_DIFFERENCES))} if self.differences else {}),
        }
