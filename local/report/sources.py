"""Where figures come from. Every figure of the report points to one of these notes: measured, priced or assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.cost.book import Price
from local.cost.work import Work
from local.measure.results import Result

MEASURED = "measured"
PRICED = "priced"
ASSUMED = "assumed"
COMPUTED = "computed"


@dataclass
class Sources:
    """The notes, numbered as they are first asked for."""

    notes: list[dict[str, str]] = field(default_factory=list)

    def note(self, kind: str, text: str) -> int:
        """The number of a note, from 0."""
        one = {"kind": kind, "text": text}
        if one not in self.notes:
            self.notes.append(one)
        return self.notes.index(one)

    def measured(self, result: Result) -> int:
        """A run: its command, its day, what it ran on and of what."""
        return self.note(MEASURED, told(result))

    def priced(self, row: Price) -> int:
        """A row of the price book."""
        certainty = f"{row.certainty}, from {row.derived_from}" if row.derived_from else row.certainty
        return self.note(PRICED, f"{row.name}: ${row.published()}; {row.source}, read {row.read}, {certainty}")

    def of_work(self, work: Work, result: Result) -> int:
        """Where a service's figures come from: this run, or the source that the work itself names."""
        given = result.config.get("given")
        given = given if isinstance(given, list) else []
        if work.measured and work.name not in given:
            return self.measured(result)
        how = " (given with --work)" if work.name in given else ""
        return self.note(MEASURED if work.measured else ASSUMED, f"{work.name}: {work.source}{how}")


def told(result: Result) -> str:
    """A run in a sentence."""
    machine = result.machine if hasattr(result.machine, "get") else {}
    cores = f"{machine['cores']} cores" if machine.get("cores") else ""
    where = ", ".join(str(part) for part in (machine.get("processor"), cores, machine.get("python")) if part)
    commit = f", commit {result.commit}" if result.commit else ""
    return f"{result.kind}: {result.command}, {day(result)}{commit}{f'; {where}' if where else ''}"


def day(result: Result) -> str:
    """When a run was, to the minute, as people write it."""
    return str(result.at)[:16].replace("T", " ")
