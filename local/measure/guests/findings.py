"""What a guest meets on Lambda that it does not meet in a container, one line each. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlsplit

from local.measure.comparison.result import ContainerFigures, Finding, FunctionFigures
from local.measure.guests.inspection import Inspection
from local.workloads.requests.answers import RecordedAnswer, differences, volatile
from local.workloads.requests.recorded import RecordedRequest

MAX_LINES = 20
"""Findings of one kind; the rest is counted."""
SLOW_IMPORT_SECONDS = 0.5
AFTER_ANSWER_MS = 5.0
"""Work after the answer that is worth a word, in ms."""
SHOWN_CHARACTERS = 80
"""Characters of an address."""
LEAST_SHARE = 0.1
"""Of the import, for a library that is named."""

Pair = Sequence[Sequence[RecordedAnswer]]
"""The answers of one platform to all requests, asked twice."""


def steady(requests: Sequence[RecordedRequest], *platforms: Pair) -> list[int]:
    """Return the numbers of the requests that were answered with one status both times, below 500, on each platform."""
    return [
        number
        for number in range(len(requests))
        if all(
            not first[number].error and first[number].status == second[number].status < 500
            for first, second in platforms
        )
        and len({first[number].status for first, _ in platforms}) == 1
    ]


def of_answers(
    requests: Sequence[RecordedRequest], container: Pair, on_lambda: Pair, ignored: Collection[str]
) -> list[Finding]:
    """Return where the platforms answer differently."""
    return _bounded("answers differ", list(_differing(requests, container, on_lambda, ignored)))


def _differing(
    requests: Sequence[RecordedRequest], container: Pair, on_lambda: Pair, ignored: Collection[str]
) -> Iterator[str]:
    for number, request in enumerate(requests):
        left, left_again = (answers[number] for answers in container)
        right, right_again = (answers[number] for answers in on_lambda)
        changing = (volatile(left, left_again) | volatile(right, right_again)) - {"error", "status"}
        for difference in differences(left, right, {*ignored, *changing}):
            yield f"{request.shown}: {difference} (container, Lambda)"


def of_left_out(requests: Sequence[RecordedRequest], container: Pair, on_lambda: Pair) -> list[Finding]:
    """Return which requests are compared but not measured, and why."""
    measured = set(steady(requests, container, on_lambda))
    lines = []
    for number, request in enumerate(requests):
        if number not in measured:
            left, right = (_statuses(*(answers[number] for answers in platform)) for platform in (container, on_lambda))
            why = left if left == right else f"{left} in the container, {right} on Lambda"
            lines.append(f"{request.shown} is not measured: {why}")
        elif request.method == "HEAD":
            lines.append(f"{request.shown} is not measured: HEAD")
    return _bounded("requests", lines)


def _statuses(first: RecordedAnswer, second: RecordedAnswer) -> str:
    one, other = (answer.error or str(answer.status) for answer in (first, second))
    return one if one == other else f"{one}, then {other}"


def of_inspection(requests: Sequence[RecordedRequest], inspection: Inspection) -> list[Finding]:
    """Return what the application does that Lambda does not do as a container does."""
    findings_so_far = []
    if inspection.import_seconds >= SLOW_IMPORT_SECONDS:
        named = [
            f"{name} {seconds:.1f} s"
            for name, seconds in inspection.imports
            if seconds >= inspection.import_seconds * LEAST_SHARE
        ]
        parts = f": {', '.join(named)}" if named else ""
        findings_so_far.append(
            Finding("start", f"import takes {inspection.import_seconds:.1f} s{parts}; INIT pays for it")
        )
    streamed = [requests[number].shown for number in inspection.streamed]
    late = [
        f"{requests[number].shown}: works {ms:,.0f} ms after the answer; on Lambda the caller waits for it"
        for number, ms in inspection.after_answer_ms
        if ms >= AFTER_ANSWER_MS
    ]
    findings_so_far += _bounded("streaming", [f"{shown} answers in parts; Lambda sends it whole" for shown in streamed])
    findings_so_far += _bounded("background", late)
    for count, what in ((inspection.tasks, "tasks"), (inspection.threads, "threads")):
        if count:
            findings_so_far.append(
                Finding("background", f"{what} left between requests: {count}; Lambda freezes them meanwhile")
            )
    written = [f"writes {path}; on Lambda only /tmp can be written, for one environment" for path in inspection.written]
    return findings_so_far + _bounded("local disk", written)


def of_memory(peak_mb: float, smallest_mb: int) -> list[Finding]:
    """Return that the smallest sizes of a function are too small, where they are."""
    if smallest_mb <= 128:
        return []
    return [Finding("memory", f"needs {peak_mb:,.0f} MB; smaller functions than {smallest_mb:,} MB are left out")]


def of_faults(container: ContainerFigures, function: FunctionFigures) -> list[Finding]:
    """Return how many requests were answered with another status under load than alone."""
    findings_so_far = []
    for where, figures in (("in the container", container), ("on Lambda", function)):
        faults = figures.wrong + figures.errors
        if faults:
            said = f"under load, {faults:,} of {figures.requests:,} requests had another status or no answer {where}"
            findings_so_far.append(Finding("errors", said))
    return findings_so_far


def of_store(url: str) -> list[Finding]:
    """Return what a store means on Lambda, and for the price; `url` is empty where none is named."""
    if not url:
        return []
    if url.startswith("sqlite"):
        return [Finding("store", "a SQLite file; on Lambda each environment has a file of its own, below /tmp alone")]
    try:
        parts = urlsplit(url)
        where = f"{parts.scheme}://{parts.hostname or ''}"
    except ValueError:
        where = "its database"
    return [
        Finding(
            "store",
            f"{where[:SHOWN_CHARACTERS]}: its price is not included; each environment opens connections of its own",
        )
    ]


def _bounded(kind: str, lines: Sequence[str]) -> list[Finding]:
    findings_so_far = [Finding(kind, line) for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        findings_so_far.append(Finding(kind, f"and {len(lines) - MAX_LINES:,} more"))
    return findings_so_far
