"""Real durations in place of emulated ones: the REPORT lines that Lambda writes, out of an export of its logs.

Text (`aws logs tail`, an export to S3, plain or gzip) or JSON lines, with the line as `message`, or in Lambda's own
JSON log format (`"type": "platform.report"`). Whose line it is says `--service`, or the log group `/aws/lambda/NAME`
or log stream `DATE/NAME[$LATEST]ID` on the line, where NAME contains the service's.
"""

from __future__ import annotations

import copy
import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import IO, Any, NamedTuple

from functions.registry import SERVICES
from local.cost.errors import CostError
from local.errors import UserError
from local.measure.comparison import schema, works
from local.measure.results import Result, command
from local.measure.statistics import Spread, rounded

MAX_BYTES = 256 * 2**20
"""Of a file, unpacked."""
MAX_LINE = 64 * 1024
MAX_REPORTS = 1_000_000
RUNS = 10
"""Lines are taken as so many runs, one after another in the file, so that their spread is known."""
ENOUGH = 1_000
"""Invocations from which their share of cold starts is taken over."""
NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
FIELDS = {
    "duration": re.compile(rf"(?<!Billed )(?<!Init )(?<!Restore )\bDuration: {NUMBER} ms"),
    "billed": re.compile(rf"\bBilled Duration: {NUMBER} ms"),
    "memory": re.compile(rf"\bMemory Size: {NUMBER} MB"),
    "peak": re.compile(rf"\bMax Memory Used: {NUMBER} MB"),
    "init": re.compile(rf"\bInit Duration: {NUMBER} ms"),
}
METRICS = {
    "duration": "durationMs",
    "billed": "billedDurationMs",
    "memory": "memorySizeMB",
    "peak": "maxMemoryUsedMB",
    "init": "initDurationMs",
}
GROUP = re.compile(r"/aws/lambda/([A-Za-z0-9_-]{1,140})")
STREAM = re.compile(r"\d{4}/\d{2}/\d{2}/([A-Za-z0-9_-]{1,64})\[")
BOUNDS = {"duration": 900_000, "billed": 1_100_000, "memory": 10_240, "peak": 10_240, "init": 900_000}


class Report(NamedTuple):
    """One invocation as Lambda reports it. Milliseconds and MB."""

    function: str
    """The name of the function where the line tells it, else empty."""
    duration_ms: float
    billed_ms: float
    memory_mb: int
    peak_mb: int
    init_ms: float | None
    failed: bool


class Found(NamedTuple):
    """The REPORT lines of a file."""

    reports: list[Report]
    unread: int
    """Lines that begin like one and are damaged."""


def calibrated(result: Result, path: Path, service: str | None) -> Result:
    """A comparison with the durations of a log in place of its emulated ones. Raises `UserError`."""
    if service is not None and service not in SERVICES:
        raise UserError(f"the bundle has {', '.join(SERVICES)}")
    schema.check(result)
    found = read(path)
    data = copy.deepcopy(dict(result.data))
    marks = data.setdefault("calibrated", {})
    for name, reports in _by_service(found.reports, service, path).items():
        if name not in data["works"]:
            raise UserError(f"{path}: the comparison has no {name}; it has {', '.join(data['works'])}")
        marks[name] = {"file": path.name, **_put(data, name, reports, path.name), "unread": found.unread}
    calibration = {"file": path.name, "command": command(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    before = result.config.get("calibrations")
    calibrations = [*(before if isinstance(before, list) else ()), calibration]
    return replace(result, data=data, config={**result.config, "calibrations": calibrations})


def read(path: Path) -> Found:
    """The REPORT lines of a file. Raises `UserError` where it cannot be read or holds none."""
    reports: list[Report] = []
    unread = 0
    for line in _lines(path):
        text, context = _message(line)
        if not isinstance(text, str):
            given: Mapping[str, Any] | None = text
        elif "REPORT RequestId:" in text:
            given = {name: float(matched[1]) for name, field in FIELDS.items() if (matched := field.search(text))}
            given["failed"] = "Status: " in text and "Status: success" not in text
        else:
            continue
        report = _report(given, context) if given is not None else None
        if report is None:
            unread += 1
        else:
            reports.append(report)
        if len(reports) > MAX_REPORTS:
            raise UserError(f"{path} has more than {MAX_REPORTS:,} REPORT lines; give a part of it")
    if not reports:
        damaged = f" that can be read ({unread} are damaged)" if unread else ""
        raise UserError(f"{path} holds no REPORT lines{damaged}; give an export of a function's log group")
    return Found(reports, unread)


def _message(line: str) -> tuple[str | Mapping[str, Any], str]:
    """A log line's text, or the metrics of Lambda's JSON format; and the whole line, which may tell the function."""
    if not line.lstrip().startswith("{"):
        return line, line
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return line, line
    message = event.get("message", event.get("@message", event)) if isinstance(event, dict) else line
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            message = json.loads(message)
        except (ValueError, RecursionError):
            return str(message), line
    if isinstance(message, str):
        return message, line
    if not isinstance(message, dict) or message.get("type") != "platform.report":
        return "", line
    record = message.get("record")
    if not isinstance(record, dict) or not isinstance(metrics := record.get("metrics"), dict):
        return {}, line
    given: dict[str, Any] = {name: metrics[key] for name, key in METRICS.items() if key in metrics}
    return {**given, "failed": record.get("status", "success") != "success"}, line


def _report(given: Mapping[str, Any], context: str) -> Report | None:
    values: dict[str, float] = {}
    for name, most in BOUNDS.items():
        value = given.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            return None
        values[name] = float(value)
    if not {"duration", "billed", "memory"} <= set(values) or values["memory"] < 128:
        return None
    named = GROUP.search(context) or STREAM.search(context)
    return Report(
        named[1] if named else "",
        values["duration"],
        values["billed"],
        int(values["memory"]),
        int(values.get("peak", 0)),
        values.get("init"),
        bool(given.get("failed")),
    )


def _by_service(reports: Iterable[Report], service: str | None, path: Path) -> dict[str, list[Report]]:
    found = defaultdict(list)
    for report in reports:
        name = service or next((each for each in SERVICES if each in report.function.lower()), None)
        if name is None:
            told = f"its function {report.function!r} is named like none of" if report.function else "say which of"
            raise UserError(f"{path}: {told} {', '.join(SERVICES)}; name the service with --service")
        found[name].append(report)
    return found


def _put(data: dict[str, Any], service: str, reports: Sequence[Report], name: str) -> dict[str, Any]:
    """Puts the lines of a service into a comparison's data; tells how many they were."""
    function = data.setdefault("lambda", {}).setdefault(service, {})
    memory = function.setdefault("memory", {})
    work = data["works"][service]
    lines: dict[str, int] = {}
    by_size = defaultdict(list)
    for report in reports:
        if not report.failed:
            by_size[report.memory_mb].append(report)
    if not by_size:
        raise UserError(f"{name}: every invocation of {service} failed; nothing can be learned of its durations")
    for size, group in sorted(by_size.items()):
        # A first invocation takes longer than those after it; it counts only where there is no other.
        warm = [each for each in group if each.init_ms is None] or group
        durations = runs([each.duration_ms for each in warm])
        billed = runs([each.billed_ms if each.init_ms is None else each.duration_ms for each in warm])
        memory[str(size)] = {
            "duration_ms": Spread.of(durations).as_data(),
            "billed_ms": Spread.of(billed).median,
            "peak_mb": max(each.peak_mb for each in group),
            "calibrated": len(warm),
        }
        work["lambda_ms"] = {**work.get("lambda_ms", {}), str(size): Spread.of(durations).median}
        work["lambda_billed_ms"] = {**work.get("lambda_billed_ms", {}), str(size): Spread.of(billed).median}
        lines[str(size)] = len(group)
    function["memory"] = dict(sorted(memory.items(), key=lambda each: int(each[0])))
    counted = [each for group in by_size.values() for each in group]
    inits = [each.init_ms for each in counted if each.init_ms is not None]
    if inits:
        function["init_ms"] = Spread.of(runs(inits)).as_data()
        work["init_ms"] = function["init_ms"]["median"]
    if len(counted) >= ENOUGH:
        work["cold_share"] = rounded(len(inits) / len(counted))
    sizes = ", ".join(lines)
    work["source"] = f"{work['source']}; durations at {sizes} MB from {len(counted):,} REPORT lines of {name}"
    try:
        works.checked(work, service)
    except CostError as problem:
        raise UserError(f"{name}: {problem}") from None
    return {"lines": len(counted), "cold": len(inits), "failed": len(reports) - len(counted), "memory": lines}


def runs(values: Sequence[float]) -> list[float]:
    """The means of up to `RUNS` parts of the values, in their order."""
    count = min(RUNS, len(values))
    edges = [len(values) * number // count for number in range(count + 1)]
    return [mean(values[start:end]) for start, end in pairwise(edges)]


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            unpacked: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
            read = 0
            while line := unpacked.readline(MAX_LINE + 1):
                read += len(line)
                if read > MAX_BYTES:
                    raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; give a part of it")
                yield line[:MAX_LINE].decode("utf-8", "replace")
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror or 'it is damaged'}") from None
    except (EOFError, zlib.error):
        raise UserError(f"cannot read {path}: it is damaged") from None
