"""The web tier, one change at a time: worker processes, the concurrency limit, and keep-alive at either end.

After the table of the report that this project grew from, whose service was in Go behind a load balancer. A closed
loop finds how many requests/s come through when every connection sends its next one at once, an open loop how long
users wait at a rate that all variants can take. A capacity is behaviour of this machine, on which the generator runs
too; what carries over to another is the CPU of a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, PreparedRequest, cpu_seconds, requests_of, run
from local.load.latencies import milliseconds
from local.load.sender import NOT_SENT
from local.measure.affinity import Cores, pinned, split_cores
from local.measure.experiments.result import BeforeAfter, VariantFigures, WebTierResult
from local.measure.memory import peak_mb
from local.measure.statistics import Spread, rounded
from local.serve.process import Served, served

MIN_CORES = 3
"""From here on two workers have cores of their own beside the generator's."""
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class WebTierConfig:
    """What the experiment runs with."""

    service: str = "qrcode"
    seed: int = 1
    rounds: int = 3
    seconds: float = 3
    """Of each load, after a warm-up of a tenth of it."""
    connections: int = 100
    low_limit: int = 50
    """The low concurrency limit: half of the connections are refused."""
    share: float = 0.4
    """Of what the base takes in the first closed loop: the rate of the open loop."""
    prepared: int = 2_000
    behaviour: bool = False
    """Whether only right answers and a complete file count."""

    def __post_init__(self) -> None:
        if not 0 < self.low_limit < self.connections:
            raise UserError("the low limit must be lower than the connections, or it limits nothing")

    def as_data(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values."""
        return asdict(self)


QUICK = WebTierConfig(rounds=1, seconds=1)


@dataclass(frozen=True)
class Variant:
    """The base with one change."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    keep_alive: bool = True
    """Whether the clients keep their connections."""
    refuses: bool = False
    """Whether it turns some connections away, as it is meant to."""
    reported: str = ""
    """Requests/s before and after a like change, in the report: Go, EKS, 7 nodes of 2 vCPU."""


BASE = Variant("base")
"""One worker, and the settings of the container as they are by default."""


def variants(configuration: WebTierConfig) -> tuple[Variant, ...]:
    """Return the base, and the changes to it."""
    limit = {"MAX_CONNECTIONS": str(configuration.low_limit)}
    return (
        BASE,
        Variant("2 workers", {"WORKERS": "2"}, reported="65,048 to 71,912 (fewer threads than cores)"),
        Variant(
            f"limit of {configuration.low_limit}",
            limit,
            refuses=True,
            reported="48,913 to 59,624 (100,000 to 50,000)",
        ),
        Variant("keep-alive of 1 s", {"KEEP_ALIVE_SECONDS": "1"}, reported="59,624 to 65,048 (60 s to 5 s)"),
        Variant("no keep-alive", keep_alive=False),
    )


@dataclass
class VariantRuns:
    """The runs of a variant so far, one value for each round."""

    variant: Variant
    server: Served
    capacity: list[float] = field(default_factory=list)
    """Right answers a second in the closed loop."""
    cpu_ms: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    right: int = 0
    refused: int = 0
    discarded: list[str] = field(default_factory=list)
    peak_mb: float = 0.0

    def count(self, outcome: LoadOutcome) -> None:
        """Count a load. Raises `UserError` where an answer was wrong, or is missing without being refused."""
        total = outcome.total
        refused = sum(count for name, count in total.errors.items() if name != NOT_SENT)
        if total.wrong or (refused and not self.variant.refuses):
            raise UserError(
                f"{self.variant.name}: {total.wrong} wrong answers, errors {dict(total.errors)}; nothing was written"
            )
        self.right += total.right
        self.refused += refused
        self.discarded += outcome.discarded
        if total.errors[NOT_SENT]:
            self.discarded.append(f"{total.errors[NOT_SENT]} requests found no free connection")

    def figures(self) -> VariantFigures:
        """Return the figures of all rounds."""
        return VariantFigures(
            variant=self.variant.name,
            capacity=Spread.of(self.capacity),
            cpu_ms=Spread.of(self.cpu_ms),
            p50_ms=Spread.of(self.p50_ms) if self.p50_ms else None,
            p99_ms=Spread.of(self.p99_ms) if self.p99_ms else None,
            peak_mb=round(self.peak_mb, 1),
            right=self.right,
            refused=self.refused,
            discarded_loads=len(self.discarded),
            reported=self.variant.reported,
        )


def measure(configuration: WebTierConfig, environ: Mapping[str, str], step: Step) -> WebTierResult:
    """Run the experiment. Raises `UserError`."""
    step("preparing requests")
    requests = requests_of({configuration.service: 1}, configuration.seed, environ, configuration.prepared)
    cores = split_cores()
    if len(cores.server | cores.generator) < MIN_CORES:
        cores = Cores(frozenset(), frozenset())
    with ExitStack() as stack:
        rows = []
        for variant in variants(configuration):
            step(f"starting: {variant.name}")
            settings = {"CROSSOVER_SERVICES": configuration.service, "WORKERS": "1", "PAGE_SAMPLES": ""}
            # Two workers cannot share the server's one core of `split_cores`: they have all but the generator's.
            with pinned((cores.server | cores.generator) - set(sorted(cores.generator)[:1])):
                server = stack.enter_context(served({**environ, **settings, **variant.settings}))
            rows.append(VariantRuns(variant, server))
        runner = LoadRunner(configuration, requests, tuple(sorted(cores.generator)[:1]))
        for number in range(configuration.rounds):
            for row in rows:
                step(f"round {number + 1} of {configuration.rounds}: {row.variant.name}")
                runner.round(row)
    base, *others = [row.figures() for row in rows]
    return WebTierResult(
        variants=[base, *others],
        changes=[_change(base, variant) for variant in others],
        open_loop_rate=round(runner.rate, 1),
        base="1 worker, 10,000 connections, keep-alive of 75 s; the clients keep their connections",
        placing="generator on a core of its own" if cores.server else "server and generator share all cores",
        discarded=sorted({f"{row.variant.name}: {reason}" for row in rows for reason in row.discarded}),
    )


class LoadRunner:
    """Runs the loads of one variant after another."""

    def __init__(
        self, configuration: WebTierConfig, requests: Sequence[PreparedRequest], cores: tuple[int, ...]
    ) -> None:
        self._configuration = configuration
        self._requests = requests
        self._cores = cores
        self.rate = 0.0
        """Of the open loop, requests/s: the same for all."""

    def round(self, row: VariantRuns) -> None:
        """Run a closed and an open loop."""
        closed = self._load(row, None)
        row.count(closed)
        row.capacity.append(closed.total.right / closed.seconds)
        self.rate = self.rate or max(1.0, self._configuration.share * row.capacity[0])
        opened = self._load(row, self.rate)
        row.count(opened)
        assert opened.watched is not None  # noqa: S101 - it was asked for
        before, after = opened.watched
        row.cpu_ms.append(rounded((after - before) / max(1, opened.total.answered) * 1000))
        latency = milliseconds(opened.total.latencies)
        if latency and not opened.discarded:
            row.p50_ms.append(latency["p50"])
            row.p99_ms.append(latency["p99"])
        row.peak_mb = max(row.peak_mb, peak_mb(row.server.process.pid))

    def _load(self, row: VariantRuns, rate: float | None) -> LoadOutcome:
        configuration = self._configuration
        plan = LoadPlan(
            mix={configuration.service: 1},
            rate=rate,
            seconds=configuration.seconds,
            warmup=configuration.seconds / 10,
            connections=configuration.connections,
            keep_alive=row.variant.keep_alive,
            cores=self._cores,
            seed=configuration.seed + len(row.capacity),
            behaviour=configuration.behaviour,
        )
        pid = row.server.process.pid
        try:
            outcome = run(plan, row.server.address, self._requests, watch=lambda: cpu_seconds(pid))
        except GeneratorFailedError as problem:
            raise UserError(f"{problem}; nothing was written") from None
        if row.server.process.poll() is not None:
            raise UserError(f"{row.variant.name}: the server ended; nothing was written")
        # What a server has closed by now is not the next load's.
        time.sleep(0.05)
        return outcome


def _change(base: VariantFigures, variant: VariantFigures) -> BeforeAfter:
    """Compare the medians before and after one change."""
    return BeforeAfter(
        change=variant.variant,
        capacity_before=base.capacity.median,
        capacity_after=variant.capacity.median,
        cpu_ms_before=base.cpu_ms.median,
        cpu_ms_after=variant.cpu_ms.median,
        p99_ms_before=base.p99_ms.median if base.p99_ms else None,
        p99_ms_after=variant.p99_ms.median if variant.p99_ms else None,
        reported=variant.reported,
    )
