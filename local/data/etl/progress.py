"""The progress bars of a run."""

from __future__ import annotations

from rich import progress as rich

from local.console import stderr
from local.data.etl.pipeline import Progress


class Bars(Progress):
    """Bars on standard error: bytes read, then the stage at work, then records packed."""

    def __init__(self) -> None:
        columns = (
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.TimeElapsedColumn(),
        )
        self._bars = rich.Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)
        self._task = self._bars.add_task("parse", total=None)

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def total(self, bytes_to_read: int) -> None:
        """Set the length of the bar."""
        self._bars.update(self._task, total=bytes_to_read)

    def read(self, amount: int) -> None:
        """Advance the bar."""
        self._bars.advance(self._task, amount)

    def stage(self, name: str) -> None:
        """Start a bar without a length."""
        self._bars.reset(self._task, description=name, total=None)

    def packed(self, records: int) -> None:
        """Show the number of records."""
        self._bars.advance(self._task, records)
        done = self._bars.tasks[self._task].completed
        self._bars.update(self._task, description=f"load: {done:,.0f} records")

    def storing(self, what: str, done: int, total: int) -> None:
        """Show how much of what the store writes is written; without a terminal only how much there is to come."""
        if not done and total and not stderr.is_terminal:
            stderr.print(f"crossover: load: {total:,} {what} to come", highlight=False)
        self._bars.update(self._task, description=f"load: {done:,} {what}", completed=done, total=total or None)
