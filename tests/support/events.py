"""Lambda events for a GET, written from AWS's published samples and by nothing that the project runs.

Each takes a path and a query as ordered (name, value) pairs of decoded text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

Pairs = Sequence[tuple[str, str]]


def function_url(path: str, pairs: Pairs) -> dict[str, Any]:
    return {
        **_version_2(path, "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)),
        "routeKey": "$default",
    }


def http_api_v2(path: str, pairs: Pairs) -> dict[str, Any]:
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return {**_version_2(path, query), "routeKey": f"GET {path}"}


def _version_2(path: str, query: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": ["a=1", "b=2"],
        "headers": {"host": "id.lambda-url.us-east-1.on.aws", "x-forwarded-port": "443", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "id.lambda-url.us-east-1.on.aws",
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
    }


def rest_api_v1(path: str, pairs: Pairs) -> dict[str, Any]:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return {
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": {"Host": "id.execute-api.us-east-1.amazonaws.com", "X-Forwarded-Proto": "https"},
        "multiValueHeaders": {"Host": ["id.execute-api.us-east-1.amazonaws.com"], "X-Forwarded-Proto": ["https"]},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "GET",
            "path": f"/Prod{path}",
            "stage": "Prod",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": None,
        "isBase64Encoded": False,
    }


def alb_single(path: str, pairs: Pairs) -> dict[str, Any]:
    return {
        **_alb(path),
        "queryStringParameters": {quote(name): quote(value) for name, value in pairs},
        "headers": {"host": "lb-1.us-east-1.elb.amazonaws.com", "x-forwarded-proto": "http", "x-forwarded-port": "80"},
    }


def alb_multi(path: str, pairs: Pairs) -> dict[str, Any]:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(quote(name), []).append(quote(value))
    return {
        **_alb(path),
        "multiValueQueryStringParameters": several,
        "multiValueHeaders": {
            "host": ["lb-1.us-east-1.elb.amazonaws.com"],
            "x-forwarded-proto": ["http"],
            "x-forwarded-port": ["80"],
        },
    }


def _alb(path: str) -> dict[str, Any]:
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/1"}},
        "httpMethod": "GET",
        "path": path,
        "body": "",
        "isBase64Encoded": False,
    }


SHAPES: dict[str, Callable[[str, Pairs], dict[str, Any]]] = {
    "function url": function_url,
    "http api v2": http_api_v2,
    "rest api v1": rest_api_v1,
    "alb single-value": alb_single,
    "alb multi-value": alb_multi,
}

REPEATS = ("function url", "http api v2", "rest api v1", "alb multi-value")
"""The shapes that keep a repeated parameter; an ALB in single-value mode keeps its last value only."""


def visible(answer: dict[str, Any]) -> tuple[int, str, str | None, bytes]:
    """What a client sees of a function's answer: status, content type, reason, body."""
    headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    headers |= {name.lower(): values[-1] for name, values in (answer.get("multiValueHeaders") or {}).items()}
    assert not answer["isBase64Encoded"]
    return answer["statusCode"], headers["content-type"], headers.get("x-invalid-reason"), answer["body"].encode()
