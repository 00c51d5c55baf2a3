"""The experiments of the storage tier: what they change, and their tables from results that are kept."""

from __future__ import annotations

from dataclasses import asdict
from io import StringIO
from itertools import pairwise

import pytest
from rich.console import Console

from local.measure import results
from local.measure.experiments import tables
from local.measure.experiments.result import ConnectionsResult, StorageTierResult, decode
from local.measure.experiments.storage_tier import StorageTierConfig, settings


def test_each_state_of_the_storage_tier_changes_one_thing() -> None:
    states = [asdict(state) for state in settings(StorageTierConfig())]
    for before, after in pairwise(states):
        changed = {name for name in before if before[name] != after[name]} - {"change", "reported"}
        assert len(changed) == 1


@pytest.mark.parametrize(
    ("kind", "shape", "draw"),
    [
        ("connections", ConnectionsResult, tables.connections),
        ("storage-tier", StorageTierResult, tables.storage_tier),
    ],
)
def test_the_kept_results_are_drawn(kind: str, shape: type, draw: object) -> None:
    result = results.read(results.REFERENCE_RESULTS / f"{kind}.json", kind)
    output = StringIO()
    for part in draw(decode(result, shape)):
        Console(file=output, width=200).print(part)
    assert "reported" in output.getvalue() or "wrong answers" in output.getvalue()


def test_the_kept_fleet_had_no_wrong_answer_and_through_the_proxy_no_error() -> None:
    result = decode(results.read(results.REFERENCE_RESULTS / "connections.json", "connections"), ConnectionsResult)
    assert result.wrong_answers == 0
    assert sum(row.errors for row in result.figures if row.way != "straight") == 0
    assert all(row.most_connections <= result.database_connections + 1 for row in result.figures)
