"""The load of an application: its recorded requests, each with the answer that the server has given before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from local.errors import UserError
from local.load.api import PreparedRequest
from local.measure.guests.asking import ask_container
from local.measure.guests.findings import Pair, steady
from local.workloads.mix import Message
from local.workloads.requests.answers import Expected, RecordedAnswer, volatile
from local.workloads.requests.recorded import FORWARDED, RecordedRequest

MAX_BYTES = 64 * 2**20
"""Bodies of recorded answers, together; the rest are checked by status and headers."""


class RecordedLoad(NamedTuple):
    """What is sent, and what is said of the rest."""

    prepared: list[PreparedRequest]
    notes: list[str]


def recorded_load(
    name: str, requests: Sequence[RecordedRequest], address: str, ignored: Collection[str]
) -> RecordedLoad:
    """Ask a server each request twice, and return those with one status as a load that has to get the same answers.

    Args:
        name: The application's name.
        requests: In their order.
        address: The server's, `http://HOST:PORT`.
        ignored: Fields of answers that may differ; those that differ between the two answers may too.

    Raises:
        UserError: where nothing is left to send.
    """
    return of_answers(name, requests, ask_container(address, requests, urlsplit(address).netloc), ignored)


def of_answers(name: str, requests: Sequence[RecordedRequest], answers: Pair, ignored: Collection[str]) -> RecordedLoad:
    """Return the load out of the answers to all requests, asked twice. Pure. Raises `UserError`."""
    first, second = answers
    prepared, left = [], MAX_BYTES
    for number in steady(requests, answers):
        request, answer = requests[number], first[number]
        if request.method == "HEAD":
            continue
        left -= len(answer.body)
        may_differ = {*ignored, *volatile(answer, second[number])}
        expected = Expected(answer, frozenset(may_differ))
        if left < 0:
            expected = Expected(answer._replace(body=b""), frozenset({*may_differ, "body"}))
        prepared.append(PreparedRequest(request.target, b"", _message(name, request, expected)))
    if not prepared:
        raise UserError(f"no request is answered alike twice, below 500: {_why(requests, answers)}")
    left_out = len(requests) - len(prepared)
    notes = [f"{left_out} of {len(requests)} requests left out: HEAD, another status the second time, or 5xx"]
    return RecordedLoad(prepared, notes if left_out else [])


def _message(name: str, request: RecordedRequest, expected: Expected) -> Message:
    headers = request.headers_sent(*FORWARDED)
    return Message(name, request.method, headers, request.body, expected.answer.status, expected)


def _why(requests: Sequence[RecordedRequest], answers: Pair) -> str:
    first, second = (_shown(times[0]) for times in answers)
    return f"{requests[0].shown} got {first} and {second}"


def _shown(answer: RecordedAnswer) -> str:
    return answer.error or str(answer.status)
