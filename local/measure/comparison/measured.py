"""What was measured of one function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.measure.comparison.functions import Init, Tally, Turn
from local.measure.comparison.handler_only import Parts
from local.measure.statistics import Spread, rounded


@dataclass
class Measured:
    """What was found of one function so far."""

    inits: list[Init] = field(default_factory=list)
    turns: dict[int, list[Turn]] = field(default_factory=dict)
    """By memory in MB, one for each round."""
    parts: list[Parts] = field(default_factory=list)
    burst: dict[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    @property
    def whole_vcpu(self) -> list[Turn]:
        """The turns with the most memory, and so with the most CPU."""
        return self.turns[max(self.turns)]

    def as_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        memory = {}
        for size, turns in sorted(self.turns.items()):
            memory[str(size)] = {
                "duration_ms": Spread.of([turn.duration_ms for turn in turns]).as_data(),
                "billed_ms": Spread.of([turn.billed_ms for turn in turns]).median,
                "peak_mb": max(turn.peak_mb for turn in turns),
            }
        pairs = list(zip(self.whole_vcpu, self.parts, strict=True))
        split = {
            "handler": [parts.service_ms for _, parts in pairs],
            "adapter": [max(0.0, parts.handler_ms - parts.service_ms) for _, parts in pairs],
            "runtime": [max(0.0, turn.cpu_ms - parts.handler_ms) for turn, parts in pairs],
        }
        return {
            "memory": memory,
            "split_ms": {name: Spread.of(values).as_data() for name, values in split.items()},
            "cpu_ms": Spread.of([turn.cpu_ms for turn in self.whole_vcpu]).as_data(),
            "init_ms": Spread.of([init.wall_ms for init in self.inits]).as_data(),
            "init_cpu_ms": Spread.of([init.cpu_ms for init in self.inits]).as_data(),
            **self.tally.as_data(),
            "event_bytes": rounded(sum(turn.event_bytes for turn in self.whole_vcpu) / len(self.whole_vcpu)),
            "answer_bytes": rounded(sum(turn.answer_bytes for turn in self.whole_vcpu) / len(self.whole_vcpu)),
            "behaviour": self.burst,
        }
