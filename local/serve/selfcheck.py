"""One handler, two platforms: the cases of a smoke test sent over HTTP and through the Lambda entry point."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from crossover.seam import Service
from crossover.settings import Identity, load
from local.load.smoke.client import CaseOutcome, ask_all, judged
from local.load.smoke.selection import cases_here
from local.serve import function_process
from local.workloads.cases import Case
from local.workloads.judge import HttpAnswer

ANSWER_SECONDS = 10


class Check(NamedTuple):
    """The result of a service's cases: the address of a request worth trying, and what is wrong, if anything."""

    service: str
    url: str
    problems: list[str]


def self_check(address: str, services: list[Service], environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Send every service its cases on both platforms, and find a request worth trying.

    Raises:
        OSError: The server does not answer.
        UserError: A store does not answer.
    """
    with urllib.request.urlopen(f"{address}/page/samples.json", timeout=ANSWER_SECONDS) as known:
        samples = json.load(known)
    identity = load(Identity, environ)
    first_line = f"{identity.team_name},{identity.team_aws_account}\n".encode()
    for service in services:
        if service.routes:
            yield _check_routes(address, service, environ)
            continue
        cases = cases_here(service, environ)
        over_http = asyncio.run(ask_all(address, cases, ANSWER_SECONDS, first_line=first_line))
        answers = zip(cases, ask_lambda(service.name, cases, environ), strict=True)
        through_lambda = (judged(case, answer, first_line) for case, answer in answers)
        problems = [_problem("HTTP", outcome) for outcome in over_http if not outcome.good]
        problems += [_problem("the Lambda entry", outcome) for outcome in through_lambda if not outcome.good]
        made = [sample["query"] for sample in samples.get(service.name, ())]
        queries = made + [example.query for example in service.examples]
        yield Check(service.name, f"{address}/{service.name}?{queries[0]}", problems)


def _check_routes(address: str, service: Service, environ: Mapping[str, str]) -> Check:
    """Ask the examples of a service of routes on both platforms, which have to give the same answer."""
    examples = [route.example for route in service.routes if route.example]
    events = [function_url_event(*example.partition("?")[::2]) for example in examples]
    problems = []
    answers = function_process.invoke(service.name, events, environ) if examples else []
    for example, through_lambda in zip(examples, answers, strict=True):
        over_http = httpx.get(f"{address}{example}", timeout=ANSWER_SECONDS)
        sent = through_lambda["body"]
        body = base64.b64decode(sent) if through_lambda["isBase64Encoded"] else sent.encode()
        if (over_http.status_code, over_http.content) != (through_lambda["statusCode"], body):
            problems.append(f"{example}: HTTP and the Lambda entry give different answers")
        elif over_http.is_error:
            problems.append(f"{example}: the answer is {over_http.status_code}")
    return Check(service.name, f"{address}{examples[0] if examples else '/docs'}", problems)


def _problem(platform: str, outcome: CaseOutcome) -> str:
    return f"over {platform}, {outcome.case.asked}: {outcome.problem or outcome.verdict}"


def ask_lambda(service: str, cases: Sequence[Case], environ: Mapping[str, str]) -> list[HttpAnswer]:
    """Return what the function's entry point answers to a Function URL's events."""
    paths = [case.path.partition("?") for case in cases]
    answers = function_process.invoke(service, [function_url_event(path, query) for path, _, query in paths], environ)
    return [HttpAnswer(answer["statusCode"], answer["headers"], answer["body"].encode()) for answer in answers]


def function_url_event(path: str, query: str) -> dict[str, Any]:
    """Make an event as a Function URL does, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "requestContext": {
            "accountId": "anonymous",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
