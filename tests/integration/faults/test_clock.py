"""A wall clock that jumps: nothing that a server does goes by it."""

from __future__ import annotations

import ast
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.faults.clients import ASKED, clients, read_answer, right, until
from tests.support.server import Server, running_server

ROOT = Path(__file__).parents[3]
SOURCES = sorted(path for folder in ("container", "layers", "functions") for path in (ROOT / folder).rglob("*.py"))
WALL_CLOCK = {("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime")} | {
    ("datetime", name) for name in ("now", "utcnow", "today")
}
BY_THE_WALL_CLOCK = {
    "layers/dynamodb/crossover_dynamodb/client.py": "a request is signed with its date",
    "layers/dynamodb/crossover_dynamodb/signing.py": "the date's form",
    "layers/dynamodb/crossover_dynamodb/store.py": "a frozen environment's other clocks may stand still",
    "layers/mysql/crossover_mysql/replicas.py": "the same; a jump costs a look at the version, never an answer",
    "layers/mysql/crossover_mysql/store.py": "the same",
    "layers/shared/crossover/stores/caching.py": "the same",
}
"""What may ask it, and why; unit tests set their clocks back and forth."""
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def wall_clock_uses(source: Path) -> Iterator[str]:
    if str(source.relative_to(ROOT)) in BY_THE_WALL_CLOCK:
        return
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in WALL_CLOCK:
                yield f"{source.relative_to(ROOT)}:{node.lineno}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (
                f"{source.relative_to(ROOT)}:{node.lineno}" for name in node.names if ("time", name.name) in WALL_CLOCK
            )


def test_nothing_that_is_served_asks_the_wall_clock() -> None:
    assert [use for source in SOURCES for use in wall_clock_uses(source)] == []
    assert [name for name in BY_THE_WALL_CLOCK if ROOT / name not in SOURCES] == []


def jumps(jump: Callable[[str], object], server: Server) -> None:
    """Everything that goes by time, with the wall clock a day ahead and then two days back."""
    with clients(server.port, 2) as asking, server.connect() as idle, server.connect() as slow:
        idle.sendall(ASKED)
        read_answer(idle)
        slow.sendall(b"GET /heal")
        for offset in ("+86400", "-86400"):
            jump(offset)
            answered = right(asking)
            until(lambda seen=answered: right(asking) > seen + 50)
            idle.sendall(ASKED)
            read_answer(idle)
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
    assert [client.outcome.lost for client in asking] == [0, 0]
    assert not any(client.outcome.wrong for client in asking)
    metrics = server.get("/metrics")[2].decode()
    total = next(line for line in metrics.splitlines() if line.startswith("crossover_request_duration_seconds_sum"))
    assert 0 < float(total.rpartition(" ")[2]) < 3600
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) in (0, -signal.SIGTERM)


@pytest.mark.skipif(not LIBRARIES, reason="NOT RUN: a wall clock that jumps: apt-get install faketime && make test")
def test_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    environment = {
        "ld_preload": LIBRARIES[0],
        "faketime_timestamp_file": clock,
        "faketime_no_cache": 1,
        "faketime_dont_fake_monotonic": 1,
    }

    def jump(offset: str) -> None:
        clock.write_text(f"{offset}\n")

    with running_server(head_seconds=3, drain_seconds=0.5, log_sample_rate=1, **environment) as server:
        jumps(jump, server)
        days = [json.loads(line)["timestamp"][:10] for line in server.log().splitlines()]
        assert len(set(days)) >= 3, "the server's own clock did not jump"
