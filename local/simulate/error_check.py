"""One comparison of a model with what is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCheck:
    """One comparison: an error in percent, and the most that it should be."""

    what: str
    against: str
    error: float
    limit: float
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the error is within its limit."""
        return self.error <= self.limit
