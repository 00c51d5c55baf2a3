"""The simulation against real emulated environments: one schedule through both, equal cold starts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from local.emulator.account import AccountLimits
from local.emulator.actions import Ending
from local.emulator.bill import Record
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.spec import FunctionSpec, Scaling
from local.simulate.lambda_events import EventFleet
from tests.support.emulation import CODE

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only"),
]

SECONDS = 0.3
IDLE = 3.0
SCHEDULE = (*[0.0] * 3, *[1.5] * 2, *[2.7] * 5, 4.0, *[9.0] * 2, 10.5, *[11.2] * 4)
"""Bursts over a second apart, for INIT on a busy machine, and a pause that is longer than the idle lifetime."""
BAND = 0.15
"""Seconds that a warm invocation may take longer than its sleep, on a busy machine."""


async def test_cold_starts_are_equal_and_durations_within_a_band(tmp_path: Path) -> None:
    scaling = Scaling(memory_mb=1769, timeout=10, idle_lifetime=IDLE)
    records: list[Record] = []
    function = FunctionSpec("Odd", CODE, "odd.handler", scaling=scaling)
    async with Emulator([function], EmulatorConfig(runtime=tmp_path / "runtime"), records.append) as emulator:
        emulated = emulator.functions["Odd"]
        begin = asyncio.get_running_loop().time()

        async def ask(at: float) -> Ending:
            await asyncio.sleep(begin + at - asyncio.get_running_loop().time())
            return (await emulated.invoke(json.dumps({"do": "sleep", "seconds": SECONDS}).encode())).ending

        endings = await asyncio.gather(*map(ask, SCHEDULE))
        await emulated.settled()
        cold, environments = emulated.fleet.counts["cold"], len(emulated.fleet.environments)
    assert set(endings) == {Ending.SUCCESS}
    inits = [record.init_ms for record in records if record.init_ms is not None]
    warm = [record.duration_ms / 1000 for record in records if record.init_ms is None]
    init = sum(inits) / len(inits) / 1000
    simulated = EventFleet(scaling, AccountLimits(), lambda: SECONDS, lambda: init)
    counts = simulated.run(SCHEDULE, SCHEDULE[-1] + init + SECONDS)
    assert (cold, environments) == (counts.cold, len(simulated.fleet.environments))
    assert SECONDS <= sum(warm) / len(warm) <= SECONDS + BAND
