"""`crossover mysql status`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from local.data.mysql.server import PrivateServer
from local.data.mysql.status import waits_of
from tests.integration.rds_proxy.conftest import direct
from tests.support.rds_proxy import ask

TOOL = Path(sys.executable).parent / "crossover"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [TOOL, "mysql", "status", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_state_of_a_server_is_one_screen(server: PrivateServer, database: str) -> None:
    idle = [direct(server, database=database) for _ in range(3)]
    for client in idle:
        ask(client, "SELECT * FROM pets")
    state = json.loads(run("--store", server.url(database), "--json").stdout)
    assert state["max_connections"] == ask(idle[0], "SELECT @@max_connections")
    assert state["connections"] >= 4
    assert 0 <= state["hit_percent"] <= 100
    assert state["row_operations"]["read"] >= 0
    (group,) = [group for group in state["groups"] if group[1] == database and group[2] == "Sleep"]
    assert group[4] == 3
    assert state["statements"] is None
    shown = run("--store", server.url(database))
    assert "performance_schema is off" in shown.stdout
    assert len(shown.stdout.splitlines()) < 40


def test_waits_are_taken_out_of_the_engines_text() -> None:
    text = "SEMAPHORES\n--Thread 1 has waited at trx0rec.cc line 5 for 2 seconds\nPending reads 0\nPending reads 3\n"
    text += "---TRANSACTION 5, ACTIVE 2 sec\nLOCK WAIT 2 lock struct(s)\n"
    assert waits_of(text) == [
        "--Thread 1 has waited at trx0rec.cc line 5 for 2 seconds",
        "LOCK WAIT 2 lock struct(s)",
        "Pending reads 3",
    ]


def test_a_server_that_is_not_there_is_one_line() -> None:
    for url in ("mysql://x:topsecret@127.0.0.1:1/x", "http://x"):
        done = run("--store", url)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "topsecret" not in done.stderr
