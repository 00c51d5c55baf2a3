"""Real durations out of Lambda's REPORT lines."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.errors import UserError
from local.measure.comparison.calibration import calibrated, read, runs
from local.measure.comparison.result import comparison_of
from local.measure.comparison.summary import draw
from local.measure.results import Result

HEAD = "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95"


def line(duration: float, billed: int, size: int = 256, init: float | None = None, end: str = "") -> str:
    parts = [HEAD, f"Duration: {duration} ms", f"Billed Duration: {billed} ms", f"Memory Size: {size} MB"]
    parts.append("Max Memory Used: 40 MB")
    if init is not None:
        parts.append(f"Init Duration: {init} ms")
    return "\t".join([*parts, end])


def compared() -> Result:
    spread = {"median": 9.0, "low": 9.0, "high": 9.0, "runs": 3}
    memory = {size: {"duration_ms": spread, "billed_ms": 9.0, "peak_mb": 30} for size in ("128", "256")}
    work = {
        "name": "qrcode",
        "source": "a run",
        "measured": True,
        "cpu_ms": 0.142857,
        "lambda_ms": {"128": 9.0, "256": 9.0},
        "lambda_billed_ms": {"128": 9.0, "256": 9.0},
        "init_ms": 350.0,
        "cold_share": 0.0001,
    }
    data = {"works": {"qrcode": work}, "lambda": {"qrcode": {"memory": memory}}}
    return Result(kind="compare", config={}, data=data, at="2026-11-23T00:00:00+00:00")


def logged(folder: Path, *lines: str) -> Path:
    path = folder / "log.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_real_lines_take_the_place_of_emulated_durations(tmp_path: Path) -> None:
    path = logged(
        tmp_path,
        "START RequestId: 8f507cfc Version: $LATEST",
        line(20.5, 400, init=379.5),
        line(1.5, 2),
        "2026-11-23T00:00:00Z 2026/11/23/[$LATEST]abc " + line(2.5, 3),
        line(3000, 3000, end="Status: timeout"),
    )
    before = compared()
    after = calibrated(before, path, "qrcode")
    function, work = after.data["lambda"]["qrcode"], after.data["works"]["qrcode"]
    assert function["memory"]["256"] == {
        "duration_ms": {"median": 2.0, "low": 1.5, "high": 2.5, "runs": 2},
        "billed_ms": 2.5,
        "peak_mb": 40,
        "calibrated": 2,
    }
    assert work["lambda_emulated"] == {"128": 1}
    assert (work["lambda_ms"], work["lambda_billed_ms"]) == ({"128": 9.0, "256": 2.0}, {"128": 9.0, "256": 2.5})
    assert (work["init_ms"], function["init_ms"]["runs"], work["cold_share"]) == (379.5, 1, 0.0001)
    assert work["source"] == "a run; durations at 256 MB from 3 REPORT lines of log.txt"
    assert after.data["calibrated"] == {
        "qrcode": {"file": "log.txt", "lines": 3, "cold": 1, "failed": 1, "memory": {"256": 3}, "unread": 0}
    }
    assert after.config["calibrations"][0]["file"] == "log.txt"
    assert before == compared()


def test_the_log_group_or_the_stream_on_a_line_tells_the_function(tmp_path: Path) -> None:
    path = logged(
        tmp_path,
        json.dumps({"logGroup": "/aws/lambda/stack-QrcodeFunction-A1", "message": line(1.0, 1)}),
        json.dumps({"logStreamName": "2026/11/23/QrcodeFunction[$LATEST]abc", "message": line(2.0, 2)}),
    )
    assert calibrated(compared(), path, None).data["calibrated"]["qrcode"]["lines"] == 2


def test_lambdas_own_json_format_is_read(tmp_path: Path) -> None:
    metrics = {"durationMs": 1.5, "billedDurationMs": 2, "memorySizeMB": 512, "maxMemoryUsedMB": 41}
    report: dict[str, Any] = {"type": "platform.report", "record": {"status": "success", "metrics": metrics}}
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(
        gzip.compress("\n".join([json.dumps(report), json.dumps({"message": json.dumps(report)})]).encode())
    )
    assert [each[1:] for each in read(path).reports] == [(1.5, 2, 512, 41, None, False)] * 2


STREAM = "2026/11/23/QrcodeFunction[$LATEST]abc"


def log_events(**more: Any) -> list[dict[str, Any]]:
    """Events as `aws logs filter-log-events` has them."""
    return [
        {"logStreamName": STREAM, "timestamp": 1, "message": f"{text}\n", "ingestionTime": 2, "eventId": "3", **more}
        for text in ("START RequestId: 8f507cfc Version: $LATEST", line(1.5, 2), line(2.5, 3))
    ]


EXPORTS = {
    "filter-log-events": json.dumps({"events": log_events(), "searchedLogStreams": []}, indent=4),
    "filter-log-events on one line": json.dumps({"events": log_events(pad="x" * 70_000)}),
    "filter-log-events, text": "\n".join(f"EVENTS\t3\t2\t{STREAM}\t{event['message']}\t1\n" for event in log_events()),
    "filter-log-events, yaml": "\n".join(
        f"- logStreamName: {STREAM} message: {json.dumps(event['message'])}" for event in log_events()
    ),
    "events piped through jq -c .events[]": "\n".join(json.dumps(event) for event in log_events()),
    "messages piped through jq": "\n".join(json.dumps(f"{STREAM} {event['message']}") for event in log_events()),
    "tail": "\n".join(f"2026-11-23T00:00:00+00:00 {STREAM} {event['message']}" for event in log_events()),
    "get-query-results": json.dumps(
        {
            "results": [
                [{"field": "@logStream", "value": STREAM}, {"field": "@message", "value": event["message"]}]
                for event in log_events()
            ],
            "status": "Complete",
        },
        indent=2,
    ),
    "Insights, exported as JSON": json.dumps(
        [{"@logStream": STREAM, "@message": event["message"]} for event in log_events()]
    ),
    "Insights, exported as CSV": "@logStream,@message\n"
    + "".join(f'{STREAM},"{event["message"]}"\n' for event in log_events()),
}


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS.keys())
def test_every_way_to_export_a_log_is_read(export: str, tmp_path: Path) -> None:
    after = calibrated(compared(), logged(tmp_path, export), None)
    mark = after.data["calibrated"]["qrcode"]
    assert (mark["lines"], mark["unread"]) == (2, 0)
    assert after.data["lambda"]["qrcode"]["memory"]["256"]["duration_ms"]["median"] == 2.0


@pytest.mark.parametrize("text", ['{"events": 3}', '{"results": [[3], {"x": 1}, null]}', "[[[]]]", "{}", "[1, null]"])
def test_a_document_without_log_lines_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no REPORT lines; give an export"):
        read(logged(tmp_path, text))


def test_a_size_with_cold_starts_alone_counts_their_durations_without_init(tmp_path: Path) -> None:
    after = calibrated(compared(), logged(tmp_path, line(20.5, 400, size=1024, init=379.5)), "qrcode")
    found = after.data["lambda"]["qrcode"]["memory"]["1024"]
    assert (found["duration_ms"]["median"], found["billed_ms"]) == (20.5, 20.5)


def test_the_share_of_cold_starts_is_taken_over_from_a_thousand_lines_on(tmp_path: Path) -> None:
    path = logged(tmp_path, *[line(1.5, 2)] * 998, *[line(9.5, 300, init=290)] * 2)
    assert calibrated(compared(), path, "qrcode").data["works"]["qrcode"]["cold_share"] == 0.002


def test_values_are_taken_as_runs_one_after_another() -> None:
    assert runs([1.0, 2.0, 3.0]) == [1.0, 2.0, 3.0]
    assert runs([float(number) for number in range(100)]) == [4.5 + 10 * number for number in range(10)]


def test_damaged_lines_are_counted_and_left_out(tmp_path: Path) -> None:
    path = logged(
        tmp_path, HEAD + "\tDuration: x ms", line(1e9, 2), line(2.0, 2, size=64), line(2.0, 2), '{"message": ['
    )
    found = read(path)
    assert (len(found.reports), found.unread) == (1, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no REPORT lines; give an export"),
        ("START RequestId: 1\n" * 3, "holds no REPORT lines; give an export"),
        (HEAD, r"1 are damaged\)"),
        ("{" * 100_000, "holds no REPORT lines"),
        ('{"type": "platform.report", "record": 3}', r"1 are damaged\)"),
    ],
)
def test_a_file_without_report_lines_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(logged(tmp_path, text))


def test_a_file_that_is_not_there_or_is_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*: No such file"):
        read(tmp_path / "nothing")
    (tmp_path / "half.gz").write_bytes(gzip.compress(line(1.5, 2).encode())[:-9])
    with pytest.raises(UserError, match="it is damaged"):
        read(tmp_path / "half.gz")


@pytest.mark.parametrize(
    ("lines", "service", "said"),
    [
        ([line(1.5, 2)], None, "say which of qrcode"),
        ([f"/aws/lambda/Other {line(1.5, 2)}"], None, "its function 'Other' is named like none of qrcode"),
        ([line(1.5, 2)], "twitter", "the comparison has no twitter; it has qrcode"),
        ([line(1.5, 2)], "nosuch", "the comparison has no nosuch; it has"),
        ([line(3000, 3000, end="Status: error")], "qrcode", "every invocation of qrcode failed"),
    ],
)
def test_lines_that_belong_to_nobody_are_refused(
    tmp_path: Path, lines: list[str], service: str | None, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        calibrated(compared(), logged(tmp_path, *lines), service)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"works": None}, r"Expected `object`, got `null` - at `\$.works`"),
        ({"works": {}}, "holds no workloads"),
        ({"works": {"qrcode": {"name": "qrcode"}}}, "works.qrcode"),
        ({"lambda": "qrcode"}, r"Expected `object`, got `str` - at `\$.lambda`"),
        ({"lambda": {"qrcode": {"memory": {"much": {}}}}}, "memory"),
        ({"rounds": {"done": "all"}}, "rounds"),
    ],
)
def test_a_comparison_that_is_not_whole_is_refused(part: dict[str, Any], said: str, tmp_path: Path) -> None:
    before = compared()
    odd = replace(before, data={**before.data, **part})
    with pytest.raises(UserError, match=said):
        calibrated(odd, logged(tmp_path, line(20.5, 21)), "qrcode")


def test_a_comparison_without_durations_takes_those_of_the_log(tmp_path: Path) -> None:
    before = compared()
    bare = replace(before, data={"works": before.data["works"]})
    after = calibrated(bare, logged(tmp_path, line(20.5, 21)), "qrcode")
    assert after.data["lambda"]["qrcode"]["memory"]["256"]["duration_ms"]["median"] == 20.5
    assert list(draw(comparison_of(after))) == ["qrcode: durations at 256 MB from 1 lines of log.txt"]
