"""REPORT lines and what is billed: goldens that a pocket calculator checks."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import pytest

from local.emulator import bill, errors
from local.emulator.actions import Ending, InvocationReport, Throttle
from local.emulator.metrics import FunctionMetrics, percentile
from local.emulator.spec import BadSpec, FunctionSpec, Scaling
from local.emulator.token_bucket import TokenBucket

WARM = InvocationReport("id-1", 1, Ending.SUCCESS, 0.00241, None, 0.0, False)
COLD = WARM._replace(init=0.12399)


def recorded(report: InvocationReport, memory_mb: int = 256, peak_mb: float = 31.2) -> bill.Record:
    function = FunctionSpec("F", Path(), "f.handler", scaling=Scaling(memory_mb=memory_mb))
    return bill.record(report, function, bill.Sizes(int(peak_mb * 1024 * 1024), 10, 20, 30))


@pytest.mark.parametrize(
    ("report", "ms"),
    [
        (WARM, 3),
        (WARM._replace(duration=0.003), 3),
        (WARM._replace(duration=0.0), 1),
        (COLD, 127),
        (COLD._replace(provisioned=True), 3),
        (WARM._replace(duration=3.0, failed_init=10.0, ending=Ending.TIMEOUT), 13_000),
    ],
)
def test_billed_duration_is_init_and_duration_rounded_up_to_milliseconds(report: InvocationReport, ms: int) -> None:
    assert bill.billed_ms(report) == ms


def test_a_cold_report_line_reads_as_lambda_writes_it() -> None:
    assert recorded(COLD).report_line() == (
        "REPORT RequestId: id-1\tDuration: 2.41 ms\tBilled Duration: 127 ms\tMemory Size: 256 MB\t"
        "Max Memory Used: 32 MB\tInit Duration: 123.99 ms\t"
    )


def test_a_timeout_has_its_status_in_the_report_line() -> None:
    line = recorded(WARM._replace(ending=Ending.TIMEOUT, duration=3.0)).report_line()
    assert line.endswith("Max Memory Used: 32 MB\tStatus: timeout\t")


def test_out_of_memory_reports_the_whole_memory_as_used() -> None:
    line = recorded(WARM._replace(ending=Ending.MEMORY)).report_line()
    assert "Max Memory Used: 256 MB\tStatus: error\tError Type: Runtime.OutOfMemory" in line


def test_a_record_is_one_line_of_json_with_its_gb_seconds() -> None:
    line = recorded(WARM, memory_mb=512).json()
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["gb_seconds"] == 0.0015
    assert (fields["log_bytes"], fields["event_bytes"], fields["answer_bytes"]) == (10, 20, 30)


def test_a_throttle_costs_nothing_and_says_why() -> None:
    record = bill.throttled("id-2", FunctionSpec("F", Path(), "a.b"), Throttle.RESERVED, 7)
    assert (record.billed_ms, record.gb_seconds) == (0, 0)
    assert record.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"


@pytest.mark.parametrize(
    ("ending", "status", "kind", "message"),
    [
        (Ending.TIMEOUT, 0, "Sandbox.Timedout", "RequestId: id Error: Task timed out after 3.00 seconds"),
        (Ending.EXIT, 1, "Runtime.ExitError", "RequestId: id Error: Runtime exited with error: exit status 1"),
        (Ending.EXIT, 0, "Runtime.ExitError", "RequestId: id Error: Runtime exited without providing a reason"),
        (Ending.MEMORY, -9, "Runtime.ExitError", "RequestId: id Error: Runtime exited with error: signal: killed"),
    ],
)
def test_an_environments_fault_is_told_in_lambdas_words(ending: Ending, status: int, kind: str, message: str) -> None:
    payload = json.loads(errors.payload(ending, "id", 3.0, status))
    assert payload == {"errorType": kind, "errorMessage": message}


def test_more_than_4_kb_of_environment_variables_are_refused() -> None:
    FunctionSpec("F", Path(), "a.b", variables={"A": "x" * 4095})
    with pytest.raises(BadSpec, match="4,096"):
        FunctionSpec("F", Path(), "a.b", variables={"A": "x" * 4096})


def test_a_bucket_never_holds_more_than_it_can() -> None:
    bucket = TokenBucket(capacity=2, rate=10)
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(100.15) for _ in range(2)] == [True, False]


def test_figures_add_up() -> None:
    metrics = FunctionMetrics()
    for report in (COLD, WARM, WARM._replace(ending=Ending.ERROR)):
        metrics.add(recorded(report, memory_mb=1024))
    metrics.add(bill.throttled("id", FunctionSpec("F", Path(), "a.b"), Throttle.RATE, 1))
    summary = metrics.summary()
    assert (summary["invocations"], summary["cold_starts"], summary["throttles"], summary["errors"]) == (3, 1, 1, 1)
    assert summary["billed_gb_s"] == pytest.approx(0.133)


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile(deque([3.0, 1.0, 2.0]), 0.5) == 2.0
    assert percentile(deque([3.0, 1.0, 2.0]), 0.99) == 3.0
    assert percentile(deque(), 0.5) is None
