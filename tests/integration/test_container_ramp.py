"""The ramp against a real server: right answers and a whole result; nothing is timed."""

from __future__ import annotations

import json
import os

import msgspec

from local.measure.experiments.ramp import RampConfig, measure
from local.measure.experiments.result import RampResult
from local.simulate.container_ramp import against_container


def test_a_worker_is_loaded_step_by_step_and_held_against_the_simulation() -> None:
    tiny = RampConfig(
        loads=(0.05, 0.2), rounds=1, seconds=1, blocks=(3, 4), prepared=20, connections=20, behaviour=True
    )
    result = measure(tiny, os.environ, lambda text: None)
    assert [load.load for load in result.loads] == [0.05, 0.2]
    assert all(load.cpu_ms > 0 and load.p99_ms >= load.p50_ms > 0 for load in result.loads)
    again = msgspec.convert(json.loads(msgspec.json.encode(result)), RampResult)
    assert [check.what for check in against_container(again)] == ["mean latency", "p99 of the latency"]
