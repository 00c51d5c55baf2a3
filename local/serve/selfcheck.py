"""One handler, two platforms: the cases of a smoke test asked over HTTP and through the Lambda entry point."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from crossover.seam import Service
from crossover.settings import Identity, load
from local.load.smoke.client import Outcome, ask_all, judged
from local.load.smoke.judge import Answer
from local.load.smoke.selection import cases_here
from local.workloads.cases import Case

ANSWER_SECONDS = 10


class Check(NamedTuple):
    """What a service's cases gave: the address of a request worth trying, and what is wrong, if anything."""

    service: str
    url: str
    problems: list[str]


def self_check(address: str, services: list[Service]) -> Iterator[Check]:
    """Asks every service its cases both ways; what to try is made for its data where somebody made it.

    Raises OSError where the server does not answer, `UserError` where a store does not.
    """
    with urllib.request.urlopen(f"{address}/page/samples.json", timeout=ANSWER_SECONDS) as known:
        samples = json.load(known)
    identity = load(Identity, os.environ)
    first_line = f"{identity.team_name},{identity.team_aws_account}\n".encode()
    for service in services:
        cases = cases_here(service)
        over_http = asyncio.run(ask_all(address, cases, ANSWER_SECONDS, first_line=first_line))
        through_lambda = (judged(case, ask_lambda(case), first_line) for case in cases)
        problems = [_told("HTTP", each) for each in over_http if not each.good]
        problems += [_told("the Lambda entry", each) for each in through_lambda if not each.good]
        made = [sample["query"] for sample in samples.get(service.name, ())]
        queries = made + [example.query for example in service.examples]
        yield Check(service.name, f"{address}/{service.name}?{queries[0]}", problems)


def _told(way: str, outcome: Outcome) -> str:
    return f"over {way}, {outcome.case.asked}: {outcome.problem or outcome.verdict}"


def ask_lambda(case: Case) -> Answer:
    """What the function's entry point answers to a Function URL's event."""
    handler = import_module(f"functions.{case.service}.lambda_handler").handler
    path, _, query = case.path.partition("?")
    answer = handler(function_url_event(path, query), None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"].encode())


def function_url_event(path: str, query: str) -> dict[str, Any]:
    """An event as a Function URL makes it, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
