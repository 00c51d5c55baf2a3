"""The clients: what fails is sent again a step later, so many times, and then is lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Clients:
    """Requests by how often they were sent already."""

    retries: int
    _sent: list[float] = field(default_factory=list)
    _again: list[float] = field(default_factory=list)

    def offered(self, fresh: float) -> float:
        """Return the requests of a step: new ones, and those that failed in the step before."""
        self._sent = [fresh, *self._again]
        self._again = []
        return sum(self._sent)

    def fail(self, failed: float) -> float:
        """Let so many of the offered ones fail, first and later attempts alike; return those that are lost for good."""
        total = sum(self._sent)
        share = min(1.0, failed / total) if total > 0 else 0.0
        if share <= 0:
            return 0.0
        self._again = [sent * share for sent in self._sent[: self.retries]]
        return sum(sent * share for sent in self._sent[self.retries :])
