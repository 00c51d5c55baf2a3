"""One handler, two platforms: the same request asked over HTTP and through the Lambda entry point."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from crossover.seam import Example, Service


class Check(NamedTuple):
    """What one request gave: answers that are alike, and right where it is known what is right."""

    service: str
    url: str
    alike: bool
    right: bool | None
    """Whether it is the published result, or any where the request was made for the data. None: nobody knows."""


def self_check(address: str, services: list[Service]) -> Iterator[Check]:
    """Asks every service one request both ways: one with a published result, else the first that was made for its data.

    Raises OSError where the server does not answer.
    """
    with urllib.request.urlopen(f"{address}/page/samples.json", timeout=10) as known:
        samples = json.load(known)
    for service in services:
        made = [Example(sample["title"], sample["query"]) for sample in samples.get(service.name, ())]
        published = [example for example in service.examples if example.result is not None and not service.stored]
        for example in (published or made or service.examples)[:1]:
            url = f"{address}/{service.name}?{example.query}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                over_http = answer.read().decode()
            right: bool | None = None
            if example.result is not None:
                right = service.same(over_http.partition("\n")[2].encode(), example.result.encode())
            elif made:
                right = not over_http.endswith("\nINVALID")
            yield Check(service.name, url, over_http == through_lambda(service, example), right)


def through_lambda(service: Service, example: Example) -> str:
    """The body that the function's entry point gives to a Function URL event."""
    handler = import_module(f"functions.{service.name}.lambda_handler").handler
    body: str = handler(function_url_event(f"/{service.name}", example.query), None)["body"]
    return body


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
