"""What load to make. A plan is plain values: the same plan with the same requests asks the same at the same moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from local.errors import UserError

Arrivals = Literal["poisson", "fixed"]

MAX_RATE = 1_000_000
MAX_SECONDS = 86_400
MAX_REQUESTS = 100_000_000
MAX_CONNECTIONS = 20_000
MAX_PROCESSES = 64


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """One run. With a `rate` it is an open loop, without one a closed loop; it lasts `seconds` or `requests`.

    In an open loop requests arrive at planned moments whatever the server does, as from many independent users, and
    a latency counts from the planned arrival, so waiting counts too. In a closed loop every connection asks as soon as
    it was answered, so the server sets the pace, and a latency counts from the send.

    Raises `UserError` where the values make no run.
    """

    mix: Mapping[str, int]
    """Services and their weights: `{"qrcode": 2, "twitter": 1}`."""
    rate: float | None = None
    """Open loop: requests a second, of all processes together."""
    arrivals: Arrivals = "poisson"
    """Open loop: independent arrivals, or one every `1 / rate` seconds."""
    seconds: float | None = None
    """How long requests are sent, after the warm-up."""
    requests: int | None = None
    """How many requests are sent, after the warm-up."""
    warmup: float = 0
    """Seconds before, of the same load, that are not counted."""
    connections: int = 100
    """Connections of all processes together, at most; in a closed loop all of them are in use."""
    processes: int = 1
    """Processes that make the load, each with one core's worth of Python."""
    cores: tuple[int, ...] = ()
    """Cores that the processes are pinned to, in turn, where the system can; empty leaves it to the system."""
    seed: int = 1
    """Which requests, and which moments."""
    keep_alive: bool = True
    """Whether a connection serves many requests; otherwise every request opens its own, which counts as waiting."""
    longest: float = 3_600
    """Closed loop by `requests`: seconds after which the rest is not sent, however slow the server is."""
    timeout: float = 10
    """Seconds after which a request is given up, counted as its latency is."""
    backlog: int = 10_000
    """Open loop: arrivals of all processes that wait for a free connection, at most; more are errors, `not sent`."""
    max_answer_bytes: int = 8 * 2**20
    """Bytes of one answer, at most: a longer one is an error. Lambda's own bound is 6 MB."""
    behaviour: bool = False
    """Whether only the answers are wanted: rates and latencies are left out, so that there is nothing to discard."""
    remote: bool = False
    """Whether the server may be on another machine."""

    def __post_init__(self) -> None:
        if not self.mix or any(not 0 < weight <= MAX_REQUESTS for weight in self.mix.values()):
            raise UserError("a mix needs services with weights from 1 on, as in --mix qrcode=2,twitter=1")
        if (self.seconds is None) == (self.requests is None):
            raise UserError("a load lasts either --seconds or --requests")
        bounds = (
            ("--rate", self.rate, 0.01, MAX_RATE),
            ("--seconds", self.seconds, 0.01, MAX_SECONDS),
            ("--requests", self.requests, 1, MAX_REQUESTS),
            ("--warmup", self.warmup, 0, MAX_SECONDS),
            ("--connections", self.connections, 1, MAX_CONNECTIONS),
            ("--processes", self.processes, 1, MAX_PROCESSES),
            ("the longest time", self.longest, 0.01, MAX_SECONDS),
            ("--timeout", self.timeout, 0.01, 3_600),
            ("--backlog", self.backlog, 0, 1_000_000),
            ("the largest answer", self.max_answer_bytes, 1, 2**30),
        )
        for name, value, least, most in bounds:
            if value is not None and not least <= value <= most:
                raise UserError(f"{name} takes {least:,} to {most:,}")
        if self.arrivals not in ("poisson", "fixed"):
            raise UserError("arrivals are poisson or fixed")
        if self.processes > self.connections:
            raise UserError("every process needs a connection: raise --connections or lower --processes")
        if self.rate is not None and self.requests is not None and self.requests / self.rate > MAX_SECONDS:
            raise UserError("the load would last more than a day: raise --rate or lower --requests")

    @property
    def send_seconds(self) -> float | None:
        """Seconds from the first request of the warm-up to the last one; None where the server sets the pace."""
        if self.seconds is not None:
            return self.warmup + self.seconds
        return self.warmup + self.requests / self.rate if self.requests and self.rate else None

    @property
    def most_seconds(self) -> float:
        """Seconds after which nothing is sent any more, whatever the server does."""
        return self.send_seconds or self.warmup + self.longest

    def share(self, total: int, process: int) -> int:
        """Return what one of the processes, counted from 0, has of a total: shares differ by one at most."""
        return (total + self.processes - 1 - process) // self.processes

    def as_data(self) -> dict[str, Any]:
        """Return the plan as plain JSON values, for a result file."""
        return {**asdict(self), "mix": dict(self.mix), "cores": list(self.cores)}
