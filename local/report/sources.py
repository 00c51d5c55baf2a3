"""Where figures come from. Every figure of the report points to one of these notes: measured, priced or assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.cost.price_book import Price
from local.cost.workload import ServiceWork
from local.measure.results import Result

MEASURED = "measured"
PRICED = "priced"
ASSUMED = "assumed"


@dataclass
class Sources:
    """The notes, numbered as they are first asked for."""

    notes: list[dict[str, str]] = field(default_factory=list)

    def note(self, kind: str, text: str) -> int:
        """Return the number of a note, from 0."""
        note = {"kind": kind, "text": text}
        if note not in self.notes:
            self.notes.append(note)
        return self.notes.index(note)

    def measured(self, result: Result) -> int:
        """Return the note of a run: its command, its day, what it ran on and of what."""
        return self.note(MEASURED, describe_run(result))

    def priced(self, row: Price) -> int:
        """Return the note of a row of the price book."""
        certainty = f"{row.certainty}, from {row.derived_from}" if row.derived_from else row.certainty
        return self.note(PRICED, f"{row.name}: ${row.published()}; {row.source}, read {row.read}, {certainty}")

    def of_workload(self, workload: ServiceWork, result: Result) -> int:
        """Return the note of a service's figures: this run, or the source that the workload itself names."""
        own = result.config.get("given")
        own = own if isinstance(own, list) else []
        if workload.measured and workload.name not in own:
            return self.measured(result)
        how = " (given with --work)" if workload.name in own else ""
        return self.note(MEASURED if workload.measured else ASSUMED, f"{workload.name}: {workload.source}{how}")


def describe_run(result: Result) -> str:
    """Return a run in a sentence."""
    machine = result.machine if hasattr(result.machine, "get") else {}
    cores = f"{machine['cores']} cores" if machine.get("cores") else ""
    where = ", ".join(str(part) for part in (machine.get("processor"), cores, machine.get("python")) if part)
    commit = f", commit {result.commit}" if result.commit else ""
    return f"{result.kind}: {result.command}, {day(result)}{commit}{f'; {where}' if where else ''}"


def day(result: Result) -> str:
    """Return when a run was, to the minute, as people write it."""
    return str(result.at)[:16].replace("T", " ")
