"""Real durations in place of emulated ones: the REPORT lines that Lambda writes, out of an export of its logs.

Read are, plain or gzip:
- text: `aws logs tail`, an export to S3, `aws logs filter-log-events --output text`;
- JSON lines: `message` or `@message` has the line, or Lambda's own JSON log format (`"type": "platform.report"`);
- one JSON document: `aws logs filter-log-events`, `get-log-events`, `get-query-results`, or an Insights export in JSON;
- CSV: an Insights export with an `@message` column.

The function of a line is that of `--service`, or is named by the log group `/aws/lambda/NAME` or the log stream
`DATE/NAME[$LATEST]ID` on the line.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path
from statistics import mean
from typing import IO, Any, NamedTuple

from msgspec.structs import replace

from functions.registry import SERVICES
from local.cost.errors import CostError
from local.errors import UserError
from local.measure.comparison import workloads
from local.measure.comparison.result import Calibration, Comparison, FunctionFigures, SizeFigures, comparison_of
from local.measure.results import Result, command
from local.measure.statistics import Spread, rounded

MAX_BYTES = 256 * 2**20
"""Of a file, unpacked."""
MAX_LINE = 64 * 1024
MAX_REPORTS = 1_000_000
RUNS = 10
"""Lines are taken as so many runs, one after another in the file, so that their spread is known."""
MIN_FOR_COLD_SHARE = 1_000
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
LISTS = ("events", "results")
"""Where a JSON document has its log lines."""
GROUP = re.compile(r"/aws/lambda/([A-Za-z0-9_-]{1,140})")
STREAM = re.compile(r"\d{4}/\d{2}/\d{2}/([A-Za-z0-9_-]{1,64})\[")
BOUNDS = {"duration": 900_000, "billed": 1_100_000, "memory": 10_240, "peak": 10_240, "init": 900_000}


class ReportLine(NamedTuple):
    """One invocation as Lambda reports it. Milliseconds and MB."""

    function: str
    """The name of the function where the line tells it, else empty."""
    duration_ms: float
    billed_ms: float
    memory_mb: int
    peak_mb: int
    init_ms: float | None
    failed: bool


class ReportLines(NamedTuple):
    """The REPORT lines of a file."""

    reports: list[ReportLine]
    unread: int
    """Lines that begin like one and are damaged."""


def calibrated(result: Result, path: Path, service: str | None) -> Result:
    """Put the durations of a log in place of a comparison's emulated ones. Raises `UserError`."""
    comparison = comparison_of(result)
    if service is not None and service not in comparison.works:
        raise UserError(f"the comparison has no {service[:40]}; it has {', '.join(comparison.works)}")
    if "app" in result.config:
        (service,) = comparison.works
    try:
        for name, work in comparison.works.items():
            workloads.parse(work, f"works.{name}")
    except CostError as problem:
        raise UserError(
            f"the comparison's result cannot be used: {problem}; measure again with: crossover compare"
        ) from None
    log = read(path)
    for name, reports in _by_service(log.reports, service, path).items():
        if name not in comparison.works:
            raise UserError(f"{path}: the comparison has no {name}; it has {', '.join(comparison.works)}")
        comparison = _put(comparison, name, reports, path.name, log.unread)
    calibration = {"file": path.name, "command": command(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    before = result.config.get("calibrations")
    calibrations = [*(before if isinstance(before, list) else ()), calibration]
    config = {**result.config, "calibrations": calibrations}
    return dataclasses.replace(result, data=comparison.as_data(), config=config)


def read(path: Path) -> ReportLines:
    """Return the REPORT lines of a file. Raises `UserError` where it cannot be read or holds none."""
    reports: list[ReportLine] = []
    unread = 0
    for text, context in _messages(path):
        if not isinstance(text, str):
            fields: Mapping[str, Any] | None = text
        elif "REPORT RequestId:" in text:
            text = text.replace("\\t", "\t")  # as a JSON string or a YAML document writes a tab
            fields = {name: float(matched[1]) for name, field in FIELDS.items() if (matched := field.search(text))}
            fields["failed"] = "Status: " in text and "Status: success" not in text
        else:
            continue
        report = _report(fields, context) if fields is not None else None
        if report is None:
            unread += 1
        else:
            reports.append(report)
        if len(reports) > MAX_REPORTS:
            raise UserError(f"{path} has more than {MAX_REPORTS:,} REPORT lines; give a part of it")
    if not reports:
        damaged = f" that can be read ({unread} are damaged)" if unread else ""
        raise UserError(f"{path} holds no REPORT lines{damaged}; give an export of a function's log group")
    return ReportLines(reports, unread)


Message = tuple[str | Mapping[str, Any], str]
"""A log line's text, or the metrics of Lambda's JSON format; and the whole of it, which may name the function."""


def _messages(path: Path) -> Iterator[Message]:
    """Yield the log lines of a file. Raises `UserError`."""
    lines: Iterable[str] = _lines(path)
    first = next((line for line in lines if line.strip()), "")
    lines = chain([first], lines)
    if first.lstrip().startswith(("{", "[")):
        lines = list(lines)
        document = _json("".join(lines))
        if document is not None:
            yield from _events(document)
            return
    for line in lines:
        event = _json(line)
        yield _message(line if event is None else event, line)


def _json(text: str) -> Any:
    """Return the object or list of a JSON text; None where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _events(document: Any) -> Iterator[Message]:
    """Yield the log lines of a document: `{"events": [...]}`, `{"results": [...]}` or the list alone."""
    events = document
    if isinstance(document, dict):
        events = next((document[key] for key in LISTS if isinstance(document.get(key), list)), [document])
    for event in events:
        if isinstance(event, list):
            # Insights' results: a list of fields for each line.
            event = {str(part.get("field")): part.get("value") for part in event if isinstance(part, dict)}
        yield _message(event, json.dumps(event))


def _message(event: Any, context: str) -> Message:
    message = event
    if isinstance(event, dict):
        message = event.get("message", event.get("@message", event))
    if isinstance(message, str) and (inner := _json(message)) is not None:
        message = inner
    if isinstance(message, str):
        return message, context
    if not isinstance(message, dict) or message.get("type") != "platform.report":
        return "", context
    record = message.get("record")
    if not isinstance(record, dict) or not isinstance(metrics := record.get("metrics"), dict):
        return {}, context
    fields: dict[str, Any] = {name: metrics[key] for name, key in METRICS.items() if key in metrics}
    return {**fields, "failed": record.get("status", "success") != "success"}, context


def _report(fields: Mapping[str, Any], context: str) -> ReportLine | None:
    values: dict[str, float] = {}
    for name, most in BOUNDS.items():
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            return None
        values[name] = float(value)
    if not {"duration", "billed", "memory"} <= set(values) or values["memory"] < 128:
        return None
    named = GROUP.search(context) or STREAM.search(context)
    return ReportLine(
        named[1] if named else "",
        values["duration"],
        values["billed"],
        int(values["memory"]),
        int(values.get("peak", 0)),
        values.get("init"),
        bool(fields.get("failed")),
    )


def _by_service(reports: Iterable[ReportLine], service: str | None, path: Path) -> dict[str, list[ReportLine]]:
    times = defaultdict(list)
    for report in reports:
        name = service or next((service for service in SERVICES if service in report.function.lower()), None)
        if name is None:
            problem = f"its function {report.function!r} is named like none of" if report.function else "say which of"
            raise UserError(f"{path}: {problem} {', '.join(SERVICES)}; name the service with --service")
        times[name].append(report)
    return times


def _put(comparison: Comparison, service: str, reports: Sequence[ReportLine], name: str, unread: int) -> Comparison:
    """Return the comparison with the REPORT lines of one service in it."""
    by_size = defaultdict(list)
    for report in reports:
        if not report.failed:
            by_size[report.memory_mb].append(report)
    if not by_size:
        raise UserError(f"{name}: every invocation of {service} failed; nothing can be learned of its durations")
    sizes = {str(size): _figures_of_size(group) for size, group in sorted(by_size.items())}
    counted = [report for group in by_size.values() for report in group]
    inits = [report.init_ms for report in counted if report.init_ms is not None]
    function = comparison.functions.get(service, FunctionFigures(memory={}))
    memory = {**function.memory, **sizes}
    function = replace(
        function,
        memory=dict(sorted(memory.items(), key=lambda size: int(size[0]))),
        init_ms=Spread.of(runs(inits)) if inits else function.init_ms,
    )
    work = dict(comparison.works[service])
    for field, value in (("lambda_ms", "duration_ms"), ("lambda_billed_ms", "billed_ms")):
        measured = {size: getattr(figures, value) for size, figures in sizes.items()}
        medians = {size: spread.median if isinstance(spread, Spread) else spread for size, spread in measured.items()}
        work[field] = {**work.get(field, {}), **medians}
    work["lambda_emulated"] = {size: 1 for size in work["lambda_ms"] if size not in sizes}
    if inits and function.init_ms is not None:
        work["init_ms"] = function.init_ms.median
    if len(counted) >= MIN_FOR_COLD_SHARE:
        work["cold_share"] = rounded(len(inits) / len(counted))
    named = f"durations at {', '.join(sizes)} MB from {len(counted):,} REPORT lines of {name}"
    work["source"] = f"{work['source']}; {named}"
    try:
        workloads.parse(work, service)
    except CostError as problem:
        raise UserError(f"{name}: {problem}") from None
    calibration = Calibration(
        file=name,
        lines=len(counted),
        cold=len(inits),
        failed=len(reports) - len(counted),
        unread=unread,
        memory={str(size): len(group) for size, group in sorted(by_size.items())},
    )
    return replace(
        comparison,
        works={**comparison.works, service: work},
        functions={**comparison.functions, service: function},
        calibrated={**comparison.calibrated, service: calibration},
    )


def _figures_of_size(reports: Sequence[ReportLine]) -> SizeFigures:
    # A first invocation takes longer than those after it; it counts only where there is no other.
    warm = [report for report in reports if report.init_ms is None] or reports
    billed = [report.billed_ms if report.init_ms is None else report.duration_ms for report in warm]
    return SizeFigures(
        duration_ms=Spread.of(runs([report.duration_ms for report in warm])),
        billed_ms=Spread.of(runs(billed)).median,
        peak_mb=max(report.peak_mb for report in reports),
        calibrated=len(warm),
    )


def runs(values: Sequence[float]) -> list[float]:
    """Return the means of up to `RUNS` parts of the values, in their order."""
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
