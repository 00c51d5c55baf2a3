"""The experiments, small, through the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.data.mysql.server import PrivateServer

TOOL = Path(sys.executable).parent / "crossover"


@pytest.mark.heavy
def test_a_fleet_on_few_connections_is_measured_both_ways(server: PrivateServer, tmp_path: Path) -> None:
    sizes = ("--environments", "20", "--pods", "1", "--database-connections", "10", "--seconds", "0.5")
    command = [TOOL, "experiment", "connections", *sizes, "--result", str(tmp_path / "result.json"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    data = json.loads(done.stdout)["data"]
    errors = {way: sum(row["errors"] for row in data["figures"] if row["way"] == way) for way in ("straight",)}
    assert data["wrong_answers"] == 0
    assert errors["straight"] > 0
    assert sum(row["errors"] for row in data["figures"] if row["way"] != "straight") == 0
