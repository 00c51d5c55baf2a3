"""Functions in emulated environments: real processes with AWS's own runtime client."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from local.emulator import control_groups, fleet
from local.emulator.actions import Ending, Throttle
from local.emulator.bill import Record
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.function import EmulatedFunction, InvocationOutcome
from local.emulator.spec import FunctionSpec, Scaling
from tests.support.emulation import CODE, gone

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)

WHOLE_CPU = Scaling(memory_mb=1769, timeout=5)


class Emulated:
    """One emulated function with its records."""

    def __init__(self, function: EmulatedFunction, records: list[Record]) -> None:
        self.function = function
        self.records = records

    async def ask(self, **event: Any) -> InvocationOutcome:
        return await self.function.invoke(json.dumps(event).encode())

    async def value(self, **event: Any) -> Any:
        outcome = await self.ask(**event)
        assert outcome.ending is Ending.SUCCESS, outcome
        return json.loads(outcome.payload)

    async def record(self) -> Record:
        await self.function.settled()
        return self.records[-1]


@asynccontextmanager
async def emulated(
    tmp_path: Path, module: str = "odd", scaling: Scaling = WHOLE_CPU, groups: bool = True, **variables: str
) -> AsyncIterator[Emulated]:
    function = FunctionSpec("Odd", CODE, f"{module}.handler", scaling=scaling, variables=variables)
    records: list[Record] = []
    async with Emulator(
        [function], EmulatorConfig(runtime=tmp_path / "runtime", groups=groups), records.append
    ) as emulator:
        yield Emulated(emulator.functions["Odd"], records)


async def test_the_first_invocation_is_cold_and_the_second_is_not(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        first = await function.value()
        cold = await function.record()
        assert (await function.value())["pid"] == first["pid"]
        warm = await function.record()
    assert cold.init_ms is not None
    assert cold.init_ms > 0
    assert cold.billed_ms >= cold.init_ms
    assert warm.init_ms is None
    assert first["request"] == cold.request


async def test_the_environment_is_lambdas_and_nothing_of_this_project_can_be_imported(tmp_path: Path) -> None:
    async with emulated(tmp_path, TEAM_NAME="Team") as function:
        inside = await function.value(do="inside")
    assert inside["path"][0] == str(CODE)
    assert not any("site-packages" in entry or entry == os.getcwd() for entry in inside["path"])  # noqa: PTH109
    environ = inside["environ"]
    assert environ["TEAM_NAME"] == "Team"
    assert environ["_HANDLER"] == "odd.handler"
    assert environ["LAMBDA_TASK_ROOT"] == str(CODE)
    assert environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1769"
    assert environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environ["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/Odd"
    assert environ["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert "VIRTUAL_ENV" not in environ
    assert "HOME" not in environ


async def test_the_handler_knows_how_much_time_is_left(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        assert 4_000 < await function.value(do="left") <= 5_000


async def test_a_function_past_its_timeout_is_killed_and_the_next_call_is_cold(tmp_path: Path) -> None:
    async with emulated(tmp_path, scaling=Scaling(memory_mb=1769, timeout=0.5)) as function:
        outcome = await function.ask(do="sleep", seconds=30)
        assert outcome.ending is Ending.TIMEOUT
        payload = json.loads(outcome.payload)
        assert payload["errorType"] == "Sandbox.Timedout"
        assert payload["errorMessage"].endswith("Error: Task timed out after 0.50 seconds")
        record = await function.record()
        assert record.duration_ms == 500
        assert "Status: timeout" in record.report_line()
        await function.value()
        assert (await function.record()).init_ms is not None


async def test_an_exception_of_the_handler_is_an_error_and_the_environment_lives_on(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        outcome = await function.ask(do="raise")
        assert outcome.ending is Ending.ERROR
        payload = json.loads(outcome.payload)
        assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no")
        assert payload["requestId"] == outcome.request
        await function.value()
        assert (await function.record()).init_ms is None


@pytest.mark.parametrize(("status", "words"), [(3, "with error: exit status 3"), (0, "without providing a reason")])
async def test_a_process_that_exits_is_a_runtime_exit_error(tmp_path: Path, status: int, words: str) -> None:
    async with emulated(tmp_path) as function:
        outcome = await function.ask(do="exit", status=status)
        payload = json.loads(outcome.payload)
        assert payload["errorType"] == "Runtime.ExitError"
        assert payload["errorMessage"] == f"RequestId: {outcome.request} Error: Runtime exited {words}"
        assert (await function.record()).max_memory_mb > 5
        await function.value()


@pytest.mark.parametrize("groups", [True, False], ids=["control groups", "watching"])
async def test_a_function_past_its_memory_is_killed(tmp_path: Path, groups: bool) -> None:
    if groups and control_groups.find() is None:
        pytest.skip("NOT RUN: no control groups for this user; run the tests as root of a machine of its own")
    async with emulated(tmp_path, scaling=Scaling(memory_mb=128, timeout=30), groups=groups) as function:
        outcome = await function.ask(do="allocate", mb=400)
        assert outcome.ending is Ending.MEMORY
        payload = json.loads(outcome.payload)
        assert payload["errorType"] == "Runtime.ExitError"
        assert payload["errorMessage"].endswith("Runtime exited with error: signal: killed")
        record = await function.record()
        assert record.max_memory_mb == 128
        assert "Error Type: Runtime.OutOfMemory" in record.report_line()
        assert (await function.value())["pid"]


async def test_a_megabyte_of_logs_is_read_counted_and_its_end_kept(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        await function.value(do="print", bytes=1_000_000)
        record = await function.record()
        assert record.log_bytes == 1_000_000
        assert len(function.function.last_log) == 4096


async def test_an_answer_beyond_the_quota_is_an_error_and_one_at_it_is_not(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        assert (await function.ask(do="answer", bytes=6_291_554)).ending is Ending.SUCCESS
        outcome = await function.ask(do="answer", bytes=6_291_555)
        assert outcome.ending is Ending.TOO_LARGE
        payload = json.loads(outcome.payload)
        assert payload["errorType"] == "Function.ResponseSizeTooLarge"
        assert payload["errorMessage"] == (
            "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)."
        )
        await function.value()


async def test_a_function_that_cannot_be_imported_answers_with_the_import_error(tmp_path: Path) -> None:
    async with emulated(tmp_path, module="raises") as function:
        outcome = await function.ask()
        record = await function.record()
    assert outcome.ending is Ending.INIT_ERROR
    assert json.loads(outcome.payload)["errorMessage"] == "not today"
    assert record.init_ms is None
    assert "Status: error" in record.report_line()


async def test_an_init_that_takes_too_long_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet.quotas, "INIT_TIMEOUT", 0.7)
    code = tmp_path / "code"
    code.mkdir()
    shutil.copy(CODE / "slow.py", code)
    records: list[Record] = []
    function = FunctionSpec("Slow", code, "slow.handler", scaling=WHOLE_CPU)
    async with Emulator([function], EmulatorConfig(runtime=tmp_path / "runtime"), records.append) as emulator:
        outcome = await emulator.functions["Slow"].invoke(b"{}")
        await emulator.functions["Slow"].settled()
    assert outcome.payload == b'"at last"'
    assert records[0].init_ms is None
    assert records[0].billed_ms >= records[0].duration_ms + 700


async def test_a_frozen_environments_threads_make_no_progress(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        await function.value(do="beat")
        await function.function.settled()
        await asyncio.sleep(0.6)
        beats = await function.value(do="beats")
    assert beats["longest"] > 0.5
    assert beats["count"] > 2


@pytest.mark.parametrize("groups", [True, pytest.param(False, marks=pytest.mark.heavy)], ids=["groups", "watching"])
async def test_an_environment_gets_no_more_cpu_than_its_memorys_share(tmp_path: Path, groups: bool) -> None:
    for memory_mb in (128, 512, 1769):
        async with emulated(tmp_path, scaling=Scaling(memory_mb=memory_mb, timeout=30), groups=groups) as function:
            work = await function.value(do="work", seconds=1 if groups else 5)
            # A busy machine gives less than the share, never more.
            assert 0 < work["share"] < 1.5 * memory_mb / 1769


async def test_more_requests_than_the_reservation_are_throttled_and_none_is_lost(tmp_path: Path) -> None:
    async with emulated(tmp_path, scaling=Scaling(memory_mb=1769, timeout=30, reserved=8)) as function:
        outcomes = await asyncio.gather(*(function.ask(do="sleep", seconds=0.5) for _ in range(50)))
        assert len(function.function.fleet.environments) == 8
    assert [outcome.ending for outcome in outcomes].count(Ending.SUCCESS) == 8
    assert {outcome.throttle for outcome in outcomes} == {None, Throttle.RESERVED}


@pytest.mark.heavy
async def test_fifty_requests_at_once_make_fifty_environments(tmp_path: Path) -> None:
    async with emulated(tmp_path, scaling=Scaling(memory_mb=1769, timeout=60)) as function:
        answers = await asyncio.gather(*(function.value(do="sleep", seconds=20) for _ in range(50)))
    assert len({answer["pid"] for answer in answers}) == 50


async def test_provisioned_environments_serve_without_a_cold_start(tmp_path: Path) -> None:
    async with emulated(tmp_path, scaling=Scaling(memory_mb=1769, timeout=5, provisioned=1)) as function:
        while function.function.fleet.states()[fleet.State.READY] < 1:
            await asyncio.sleep(0.01)
        inside = await function.value(do="inside")
        record = await function.record()
    assert inside["environ"]["AWS_LAMBDA_INITIALIZATION_TYPE"] == "provisioned-concurrency"
    assert record.provisioned
    assert function.function.fleet.counts["cold"] == 0


async def test_an_idle_environment_is_reaped(tmp_path: Path) -> None:
    async with emulated(tmp_path, scaling=Scaling(memory_mb=1769, idle_lifetime=0.2)) as function:
        pid = (await function.value())["pid"]
        await gone(pid)
        assert not function.function.fleet.environments


async def test_a_killed_environment_loses_its_own_request_at_most(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        pids: set[int] = set()

        async def caller() -> list[Ending]:
            endings = []
            for _ in range(15):
                outcome = await function.ask(do="sleep", seconds=0.02)
                if outcome.ending is Ending.SUCCESS:
                    pids.add(json.loads(outcome.payload)["pid"])
                endings.append(outcome.ending)
            return endings

        callers = [asyncio.create_task(caller()) for _ in range(3)]
        while len(pids) < 3:
            await asyncio.sleep(0.01)
        os.kill(min(pids), signal.SIGKILL)
        endings = [ending for each in await asyncio.gather(*callers) for ending in each]
    assert endings.count(Ending.SUCCESS) >= 44
    assert set(endings) <= {Ending.SUCCESS, Ending.EXIT}


async def test_leaving_ends_every_process_children_too(tmp_path: Path) -> None:
    async with emulated(tmp_path) as function:
        pid = (await function.value(do="child"))["pid"]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert len(children) == 1
    await gone(pid)
    await gone(int(children[0]))


@pytest.mark.parametrize("groups", [True, False], ids=["control groups", "watching"])
async def test_a_child_that_left_its_process_group_ends_with_its_environment(tmp_path: Path, groups: bool) -> None:
    folders = set(Path("/sys/fs/cgroup").glob("*/crossover-*")) | set(Path("/sys/fs/cgroup").glob("crossover-*"))
    async with emulated(tmp_path, groups=groups) as function:
        daemon = await function.value(do="daemon")
        await function.ask(do="exit", status=1)
        await gone(daemon)
        last = await function.value(do="daemon")
    await gone(last)
    left = set(Path("/sys/fs/cgroup").glob("*/crossover-*")) | set(Path("/sys/fs/cgroup").glob("crossover-*"))
    assert left <= folders


async def test_a_function_that_prints_without_end_times_out_and_delays_no_other(tmp_path: Path) -> None:
    odd = FunctionSpec("Odd", CODE, "odd.handler", scaling=Scaling(memory_mb=1769, timeout=1))
    other = FunctionSpec("Other", CODE, "odd.handler", scaling=WHOLE_CPU)
    printed: list[int] = []
    config = EmulatorConfig(runtime=tmp_path / "runtime")
    async with Emulator([odd, other], config, on_log=lambda _, chunk: printed.append(len(chunk))) as emulator:
        chatter = asyncio.create_task(emulator.functions["Odd"].invoke(b'{"do": "chatter"}'))
        while not printed:
            await asyncio.sleep(0.01)
        assert (await emulator.functions["Other"].invoke(b"{}")).ending is Ending.SUCCESS
        assert not chatter.done(), "the other one was served meanwhile"
        assert (await chatter).ending is Ending.TIMEOUT
    assert max(printed) <= 65_536, "one pipe's content at a time"


async def test_a_killed_emulator_leaves_no_process_behind_frozen_or_busy(tmp_path: Path) -> None:
    program = f"""
import asyncio, json
from pathlib import Path
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.spec import FunctionSpec, Scaling

async def main():
    function = FunctionSpec("Odd", Path({str(CODE)!r}), "odd.handler", scaling=Scaling(memory_mb=1769, timeout=600))
    async with Emulator([function], EmulatorConfig(runtime=Path({str(tmp_path)!r}))) as emulator:
        odd = emulator.functions["Odd"]
        asks = [odd.invoke(b'{{"do": "inside"}}'), odd.invoke(b'{{"do": "inside"}}')]
        pids = {{json.loads(outcome.payload)["pid"] for outcome in await asyncio.gather(*asks)}}
        pids.add(int((await odd.invoke(b'{{"do": "daemon"}}')).payload))
        busy = asyncio.create_task(odd.invoke(b'{{"do": "sleep", "seconds": 600}}'))
        await asyncio.sleep(0.1)
        print(*pids, flush=True)
        await busy

asyncio.run(main())
"""
    emulator = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert emulator.stdout
    pids = [int(pid) for pid in emulator.stdout.readline().split()]
    assert pids
    emulator.kill()
    emulator.wait()
    emulator.stdout.close()
    for pid in pids:
        await gone(pid)
