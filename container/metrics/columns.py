"""What the numbers of a worker's sheet are: alike in all workers of a server, which have the same services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from container.metrics import families
from container.metrics.families import BUCKETS, REASONS, STATUSES, Family
from container.metrics.sheets import Sheet
from crossover.seam import Service

PID, READY, RETIRING, DRAINING, BEAT, HEADER = range(6)
"""What the first numbers of every sheet are; a supervisor reads them too. BEAT is the time when the worker last looked
around, in seconds of `time.monotonic`, which is one clock for the whole machine."""
OTHER = "other"
"""The code of a reason that a service did not announce."""


class Figures(NamedTuple):
    """Where figures come from: `read` gives a named tuple of numbers, of which `gauges` are those that also fall.

    They are shown as `crossover_NAME_FIELD` with the label `service`.
    """

    name: str
    service: str
    read: Callable[[], Any]
    gauges: frozenset[str]


class Answers(NamedTuple):
    """Where one service's numbers are."""

    statuses: dict[int, int]
    codes: dict[str, int]
    seconds: int
    """The sum of its durations."""
    buckets: range
    """Each has a count of its own."""


class Columns:
    """The place of every number in a sheet."""

    def __init__(self, services: Iterable[Service], figures: Iterable[Figures]) -> None:
        self.families: list[Family | None] = [None] * HEADER
        self.labels: list[tuple[str, ...]] = [()] * HEADER
        self.answers = {service.name: self._answers_of(service) for service in services}
        self.refused = {reason: self._add(families.REFUSED, reason) for reason in REASONS}
        single = (families.CONNECTIONS, families.LIMIT, families.STARTS, families.LINES)
        self.connections, self.limit, self.starts, self.lines = map(self._add, single)
        self.cpu, self.memory = map(self._add, (families.CPU, families.MEMORY))
        self.figures = [(each, self._places_of(each)) for each in figures]

    def __len__(self) -> int:
        return len(self.families)

    def by_family(self) -> dict[Family, list[int]]:
        """Every family with the places of its numbers."""
        found: dict[Family, list[int]] = {}
        for place, family in enumerate(self.families):
            if family is not None:
                found.setdefault(family, []).append(place)
        return found

    def goes_on(self, place: int) -> bool:
        """Whether a number is counted on by the worker that takes a sheet over."""
        family = self.families[place]
        return family is not None and family.kind != "gauge"

    def total(self, sheets: Sequence[Sheet], place: int) -> float:
        """A counter's sum over all workers that there ever were; a gauge's over those that live."""
        forever = self.goes_on(place)
        return sum(each.numbers[place] for each in sheets if each.alive or forever)

    def _add(self, family: Family, *labels: str) -> int:
        self.families.append(family)
        self.labels.append(labels)
        return len(self.families) - 1

    def _answers_of(self, service: Service) -> Answers:
        statuses = {status: self._add(families.ANSWERED, service.name, str(status)) for status in STATUSES}
        codes = {code: self._add(families.INVALIDS, service.name, code) for code in (*service.reasons, OTHER)}
        seconds = self._add(families.DURATION, service.name)
        buckets = range(len(self), len(self) + len(BUCKETS) + 1)
        for _ in buckets:
            self._add(families.DURATION, service.name)
        return Answers(statuses, codes, seconds, buckets)

    def _places_of(self, figures: Figures) -> list[int]:
        places = []
        for field in figures.read()._fields:
            kind = "gauge" if field in figures.gauges else "counter"
            name = f"crossover_{figures.name}_{field}"
            family = Family(name, kind, ("service",), f"{figures.name}: {field}", families.NOT_THERE)
            places.append(self._add(family, figures.service))
        return places
