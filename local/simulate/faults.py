"""Faults at a time of the day, and how long they were felt. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.errors import UserError
from local.simulate.recorder import MinuteSample

KINDS = ("node", "zone", "database")
MAX_FAULTS = 20


@dataclass(frozen=True)
class InjectedFault:
    """One fault, at a second of the day."""

    kind: str
    second: float

    @property
    def name(self) -> str:
        """As the option writes it."""
        return f"{self.kind}@{int(self.second) // 3600:02}:{int(self.second) % 3600 // 60:02}"


def parse(text: str) -> tuple[InjectedFault, ...]:
    """Return the faults in a list such as `node@12:00,zone@18:00`.

    Raises:
        UserError: One of them is not KIND@HH:MM.
    """
    faults = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = re.fullmatch(r"(\w+)@(\d{1,2}):(\d\d)", part)
        if not match or match[1] not in KINDS or int(match[2]) > 23 or int(match[3]) > 59:
            raise UserError(f"--fault: {part[:40]!r} is not one of {', '.join(KINDS)} at a time, such as node@12:00")
        faults.append(InjectedFault(match[1], int(match[2]) * 3600 + int(match[3]) * 60))
    if len(faults) > MAX_FAULTS:
        raise UserError(f"--fault: gives {len(faults)} faults; give at most {MAX_FAULTS}")
    return tuple(sorted(faults, key=lambda fault: fault.second))


@dataclass(frozen=True)
class Effect:
    """What a fault did: requests lost after it, and minutes until a minute without loss."""

    fault: InjectedFault
    lost: float
    seconds: float


def effects(
    faults: Sequence[InjectedFault], start: float, samples: Sequence[MinuteSample], undisturbed: Sequence[MinuteSample]
) -> list[Effect]:
    """Return what each fault did, beside the same day without any; both in minutes."""
    found = []
    for at, fault in enumerate(faults):
        begin = (fault.second - start) % 86_400
        until = (faults[at + 1].second - start) % 86_400 if at + 1 < len(faults) else float("inf")
        lost = seconds = 0.0
        for sample, calm in zip(samples, undisturbed, strict=True):
            if sample.second + 60 <= begin or sample.second >= until:
                continue
            more = sample.lost - calm.lost
            lost += max(0.0, more)
            slower = (sample.p99 or 0) > SLOWER * (calm.p99 or float("inf"))
            if more > 0.005 * max(1.0, sample.rate) or slower:
                seconds = sample.second + 60 - begin
        found.append(Effect(fault, lost, seconds))
    return found


SLOWER = 1.5
"""A minute is still disturbed while its p99 is so many times what it is without the fault."""
