"""What a database server is doing, read in one look: what an operator would gather from five statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import pymysql
from rich.console import RenderableType
from rich.table import Table

from crossover.runner import Unavailable
from crossover_mysql.credentials import credentials_of
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.target import parse
from local.errors import UserError

MAX_DIGEST_CHARACTERS = 80
MAX_WAITS = 5
_GROUPS = """
    SELECT USER, COALESCE(DB, '-'), COMMAND, COALESCE(STATE, ''), COUNT(*), MAX(TIME)
    FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()
    GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC
"""
_STATEMENTS = """
    SELECT DIGEST_TEXT, COUNT_STAR, SUM_TIMER_WAIT / 1e9, SUM_ROWS_EXAMINED, SUM_ROWS_SENT
    FROM performance_schema.events_statements_summary_by_digest
    WHERE DIGEST_TEXT IS NOT NULL ORDER BY SUM_TIMER_WAIT DESC LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One look at a server. Rates are since its start."""

    version: str
    uptime_seconds: int
    connections: int
    max_connections: int
    most_connections: int
    refused_connections: int
    buffer_pool_mb: float
    hit_percent: float | None
    """Reads of pages that the buffer pool had; None before the first."""
    dirty_percent: float
    free_percent: float
    row_operations: dict[str, int]
    waits: list[str]
    """What threads wait for, of SHOW ENGINE INNODB STATUS."""
    groups: list[tuple[Any, ...]]
    """Of the process list: user, database, command, state, how many, the longest in seconds."""
    statements: list[tuple[Any, ...]] | None
    """By digest: text, count, ms in all, rows examined, rows sent; None where performance_schema is off."""

    def as_data(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return asdict(self)


def read_status(url: str) -> ServerStatus:
    """Read a server's state.

    Raises:
        UserError: The URL is none of a MySQL store, or the server refuses.
    """
    try:
        target = parse(url)
        cursor = PyMySQLDriver(target, credentials_of(target)).connect()
    except (ValueError, Unavailable, pymysql.MySQLError) as problem:
        raise UserError(f"no state can be read: {problem}") from None
    with closing(cursor.connection):
        try:
            return _read(cursor)
        except pymysql.MySQLError as problem:
            raise UserError(f"the database refuses to show its state, which needs PROCESS: {problem}") from None


def _read(cursor: Any) -> ServerStatus:
    cursor.execute("SHOW GLOBAL STATUS")
    counters = dict(cursor.fetchall())
    cursor.execute("SHOW GLOBAL VARIABLES")
    variables = dict(cursor.fetchall())
    cursor.execute("SHOW ENGINE INNODB STATUS")
    monitor = cursor.fetchall()[0][2]
    cursor.execute(_GROUPS)
    groups = [(*row[:4], int(row[4]), int(row[5] or 0)) for row in cursor.fetchall()]
    statements = None
    if variables.get("performance_schema") == "ON":
        cursor.execute(_STATEMENTS)
        statements = [(row[0][:MAX_DIGEST_CHARACTERS], *map(float, row[1:])) for row in cursor.fetchall()]
    requests, reads = (int(counters[f"Innodb_buffer_pool_{name}"]) for name in ("read_requests", "reads"))
    pages = max(1, int(counters["Innodb_buffer_pool_pages_total"]))
    return ServerStatus(
        version=variables["version"],
        uptime_seconds=int(counters["Uptime"]),
        connections=int(counters["Threads_connected"]),
        max_connections=int(variables["max_connections"]),
        most_connections=int(counters["Max_used_connections"]),
        refused_connections=int(counters.get("Connection_errors_max_connections", 0)),
        buffer_pool_mb=int(variables["innodb_buffer_pool_size"]) / 2**20,
        hit_percent=100 * (1 - reads / requests) if requests else None,
        dirty_percent=100 * int(counters["Innodb_buffer_pool_pages_dirty"]) / pages,
        free_percent=100 * int(counters["Innodb_buffer_pool_pages_free"]) / pages,
        row_operations={
            name: int(counters.get(f"Innodb_rows_{name}", 0)) for name in ("read", "inserted", "updated", "deleted")
        },
        waits=waits_of(monitor),
        groups=groups,
        statements=statements,
    )


def waits_of(monitor: str) -> list[str]:
    """Find the waits in the text of SHOW ENGINE INNODB STATUS: semaphores, locks, and pending reads and writes."""
    lines = re.findall(r"^(?:--Thread .* has waited .*|.*LOCK WAIT.*|.*TRX HAS BEEN WAITING.*)$", monitor, re.MULTILINE)
    pending = re.findall(r"^Pending (?:reads|writes:.*[1-9].*|flushes .*[1-9].*).*$", monitor, re.MULTILINE)
    lines += [line for line in pending if re.search(r"[1-9]", line)]
    return [line.strip() for line in lines[:MAX_WAITS]]


def tables(state: ServerStatus) -> Iterator[RenderableType]:
    """Draw the state."""
    hit = "-" if state.hit_percent is None else f"{state.hit_percent:.2f} %"
    rows = ", ".join(f"{count:,} {name}" for name, count in state.row_operations.items())
    refused, free = f"{state.refused_connections:,}", state.free_percent
    summary = Table(box=None, pad_edge=False, show_header=False)
    for name, value in (
        ("server", f"{state.version}, up {state.uptime_seconds:,} s"),
        (
            "connections",
            f"{state.connections} of {state.max_connections}, at most {state.most_connections}; {refused} refused",
        ),
        (
            "buffer pool",
            f"{state.buffer_pool_mb:,.0f} MB, hit rate {hit}, {free:.0f} % free, {state.dirty_percent:.0f} % dirty",
        ),
        ("rows", rows),
        ("waits", "\n".join(state.waits) or "none"),
    ):
        summary.add_row(name, value)
    yield summary
    yield _table("Process list", ("user", "database", "command", "state", "count", "longest s"), state.groups)
    if state.statements is None:
        yield "Statements: performance_schema is off; start the server with --performance-schema=ON"
    else:
        titles = ("statement", "count", "ms", "rows examined", "rows sent")
        yield _table("Statements by their time", titles, state.statements)


def _table(title: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    drawn = Table(title=title, box=None, pad_edge=False, title_justify="left")
    for name in names:
        drawn.add_column(name)
    for row in rows:
        drawn.add_row(*(f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell) for cell in row))
    return drawn
