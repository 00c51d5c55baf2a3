"""Traffic out of files: CSV, access logs of an ALB or of CloudFront, exports of CloudWatch; plain or gzip."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from local.errors import UserError
from local.simulate.traffic import DAY, MAX_DAYS, Traffic, from_counts

MAX_LINES = 20_000_000
MAX_JSON = 64 * 1024 * 1024
MAX_LINE = 65_536
"""Characters; a longer line is no line of such a file."""
GZIP = b"\x1f\x8b"
ALB = re.compile(r"(?:https?|h2|grpcs|wss?) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S* ")
CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?")
FORMATS = (
    "a CSV of time,requests, an ALB or CloudFront access log, or a CloudWatch metrics export (JSON or CSV), also .gz"
)


def read(path: Path) -> Traffic:
    """Return the traffic in a file, whatever of the formats it has.

    Raises:
        UserError: It cannot be read, is none of them, or is too large.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == GZIP
        with gzip.open(path, "rt", encoding="utf-8-sig") if zipped else path.open(encoding="utf-8-sig") as file:
            return _parse(file, path.name)
    except (OSError, EOFError) as problem:
        raise UserError(f"{path}: {(getattr(problem, 'strerror', None) or 'is cut off or damaged').lower()}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not text; give {FORMATS}") from None


def _parse(file: IO[str], name: str) -> Traffic:
    lines = _lines(file, name)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise UserError(f"{name}: is empty; give {FORMATS}")
    if first.lstrip().startswith(("{", "[")):
        rest = file.read(MAX_JSON + 1)
        if len(rest) > MAX_JSON:
            raise UserError(f"{name}: is over {MAX_JSON:,} characters of JSON; export fewer datapoints")
        return _cloudwatch(first + rest, name)
    everything = itertools.chain([first], lines)
    if ALB.match(first):
        return _counted(name, (match[1] for line in everything if (match := ALB.match(line))))
    if first.startswith(("#Version", "#Fields")):
        return _counted(name, _cloudfront(everything, name))
    return _csv(everything, name)


def _lines(file: IO[str], name: str) -> Iterator[str]:
    for number in itertools.count(1):
        line = file.readline(MAX_LINE + 1)
        if not line:
            return
        if len(line) > MAX_LINE:
            raise UserError(f"{name}: line {number} is over {MAX_LINE:,} characters; give {FORMATS}")
        if number > MAX_LINES:
            raise UserError(f"{name}: has over {MAX_LINES:,} lines; give counts for each minute instead")
        yield line


def _cloudfront(lines: Iterator[str], name: str) -> Iterator[str]:
    """Yield the times of the requests in a standard log: tab-separated, its columns named by `#Fields`."""
    date = time = -1
    for line in lines:
        if line.startswith("#Fields:"):
            fields = line.split()[1:]
            if "date" not in fields or "time" not in fields:
                raise UserError(f"{name}: its #Fields have no date and time")
            date, time = fields.index("date"), fields.index("time")
        elif not line.startswith("#") and line.strip():
            cells = line.rstrip("\n").split("\t")
            if date < 0 or len(cells) <= max(date, time):
                raise UserError(f"{name}: a row has fewer columns than its #Fields")
            yield f"{cells[date]}T{cells[time]}"


def _counted(name: str, stamps: Iterator[str]) -> Traffic:
    """Return the traffic of requests, one a stamp, counted by the second."""
    by_stamp = Counter(stamp[:19] for stamp in stamps)
    seconds = {time_of(stamp, name): count for stamp, count in by_stamp.items()}
    first, last = min(seconds), max(seconds)
    if last - first > MAX_DAYS * DAY:
        raise UserError(f"{name}: spans over {MAX_DAYS} days; give fewer")
    rates = tuple(float(seconds.get(first + at, 0)) for at in range(int(last - first) + 1))
    return Traffic(name, rates, 1.0, first % DAY)


def _csv(lines: Iterator[str], name: str) -> Traffic:
    times: list[float] = []
    counts: list[float] = []
    skipped = 0
    for row in csv.reader(lines):
        if len(row) < 2:
            continue
        try:
            time, count = time_of(row[0].strip(), name), float(row[1].strip() or 0)
        except (UserError, ValueError):
            skipped += 1
            if times or skipped > HEADER_ROWS:
                raise UserError(f"{name}: cannot read the row {','.join(row)[:60]!r}; give {FORMATS}") from None
            continue
        times.append(time)
        counts.append(count)
    return from_counts(name, times, counts)


HEADER_ROWS = 10
"""Rows before the first datapoint: a heading, or what the CloudWatch console writes there."""


def time_of(text: str, name: str) -> float:
    """Return the seconds that a time means: of the epoch, or of the day where it has no date. UTC unless it says."""
    if match := CLOCK.fullmatch(text):
        return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0)
    try:
        return float(text) / (1000 if len(text.partition(".")[0]) >= 13 else 1)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise UserError(f"{name}: {text[:40]!r} is no time; write 2026-11-27T12:00:00, 12:00 or seconds") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _cloudwatch(text: str, name: str) -> Traffic:
    """Return the datapoints of `aws cloudwatch get-metric-statistics` or `get-metric-data`, or of a list of pairs."""
    try:
        document: Any = json.loads(text)
        if isinstance(document, list):
            pairs = [(time_of(str(time), name), float(count)) for time, count in document]
        elif "Datapoints" in document:
            pairs = [
                (time_of(str(point["Timestamp"]), name), float(point.get("Sum", point.get("SampleCount"))))
                for point in document["Datapoints"]
            ]
        else:
            totals: Counter[float] = Counter()
            for result in document["MetricDataResults"]:
                for time, value in zip(result["Timestamps"], result["Values"], strict=True):
                    totals[time_of(str(time), name)] += value
            pairs = list(totals.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(
            f"{name}: is no export of CloudWatch; give the JSON of aws cloudwatch get-metric-statistics with the "
            "statistic Sum, or of get-metric-data"
        ) from None
    return from_counts(name, [time for time, _ in pairs], [count for _, count in pairs])
