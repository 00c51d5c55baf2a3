"""What was measured of one function."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import mean

from local.measure.comparison.functions import Init, InvocationTally, Turn
from local.measure.comparison.handler_only import Parts
from local.measure.comparison.result import Burst, CpuSplit, FunctionFigures, SizeFigures
from local.measure.statistics import Spread, rounded


@dataclass
class MeasuredFunction:
    """The runs of one function so far."""

    inits: list[Init] = field(default_factory=list)
    turns: dict[int, list[Turn]] = field(default_factory=dict)
    """By memory in MB, one for each round."""
    parts: list[Parts] = field(default_factory=list)
    """One for each round; none where the handler cannot be measured by itself."""
    burst: Burst | None = None
    tally: InvocationTally = field(default_factory=InvocationTally)

    @property
    def whole_vcpu(self) -> list[Turn]:
        """The turns with the most memory, and so with the most CPU."""
        return self.turns[max(self.turns)]

    def figures(self) -> FunctionFigures:
        """Return the figures of all rounds."""
        whole = self.whole_vcpu
        return FunctionFigures(
            memory={
                str(size): SizeFigures(
                    duration_ms=Spread.of([turn.duration_ms for turn in turns]),
                    billed_ms=Spread.of([turn.billed_ms for turn in turns]).median,
                    peak_mb=max(turn.peak_mb for turn in turns),
                )
                for size, turns in sorted(self.turns.items())
            },
            split_ms=self._split() if self.parts else None,
            cpu_ms=Spread.of([turn.cpu_ms for turn in whole]),
            init_ms=Spread.of([init.wall_ms for init in self.inits]),
            init_cpu_ms=Spread.of([init.cpu_ms for init in self.inits]),
            event_bytes=rounded(mean(turn.event_bytes for turn in whole)),
            answer_bytes=rounded(mean(turn.answer_bytes for turn in whole)),
            burst=self.burst,
            **self.tally.counts(),
        )

    def _split(self) -> CpuSplit:
        pairs = list(zip(self.whole_vcpu, self.parts, strict=True))
        return CpuSplit(
            handler=Spread.of([parts.service_ms for _, parts in pairs]),
            adapter=Spread.of([max(0.0, parts.handler_ms - parts.service_ms) for _, parts in pairs]),
            runtime=Spread.of([max(0.0, turn.cpu_ms - parts.handler_ms) for turn, parts in pairs]),
        )
