"""The Lambda entry: plain events, health checks, and what is logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from crossover.lambda_entry import Handler, lambda_handler
from functions.qrcode.handler import SERVICE
from tests.support.events import Pairs, alb_single, function_url, rest_api_v1, visible

ENCODE = [("type", "encode"), ("data", "CC Team")]


def handler(share: str = "0") -> Handler:
    return lambda_handler(SERVICE, {"TEAM_NAME": "Us", "TEAM_AWS_ACCOUNT": "42", "LOG_SAMPLE_RATE": share})


def test_a_plain_event_gives_what_http_gives() -> None:
    plain = handler()({"parameters": dict(ENCODE)}, None)
    over_http = handler()(function_url("/qrcode", ENCODE), None)
    assert (plain["statusCode"], plain["body"]) == (over_http["statusCode"], over_http["body"])
    assert plain["headers"] == over_http["headers"]


@pytest.mark.parametrize(
    "event",
    [
        *({}, {"parameters": {}}, {"parameters": {"type": ["a", "a"]}}, {"parameters": 5}),
        *([1], "x", None, {"requestContext": 1}),
    ],
)
def test_a_plain_event_without_its_parameters_is_invalid(event: Any) -> None:
    answer = handler()(event, None)
    assert (answer["statusCode"], answer["body"]) == (200, "Us,42\nINVALID")
    assert answer["headers"]["x-invalid-reason"].startswith("parameter: ")


def test_a_load_balancers_health_check_is_answered() -> None:
    event = alb_single("/healthz", [])
    event["headers"] = {"user-agent": "ELB-HealthChecker/2.0"}
    assert visible(handler()(event, None))[::3] == (200, b"ok")


def test_an_api_gateway_event_without_any_parameter_is_invalid_and_no_fault() -> None:
    assert visible(handler()(rest_api_v1("/qrcode", []), None))[3] == b"Us,42\nINVALID"


def logged(share: str, pairs: Pairs) -> list[dict[str, Any]]:
    """What one invocation writes to standard output, line by line, in a process of its own."""
    event = json.dumps(function_url("/qrcode", pairs))
    script = f"from functions.qrcode.lambda_handler import handler; import json; handler(json.loads({event!r}), None)"
    environ = {**os.environ, "LOG_SAMPLE_RATE": share}
    ran = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_nothing_is_logged_of_an_answer_out_of_the_sample() -> None:
    assert logged("0", ENCODE) == []


def test_a_sampled_answer_writes_metrics_and_one_line() -> None:
    metrics, line = logged("1", [("type", "encode"), ("data", "é")])
    assert (metrics["Requests"], metrics["Invalid"]) == ([1.0], [1.0])
    assert metrics["reason"] == "character"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert line["reason"].startswith("character: ")
    assert line["service"] == "qrcode"


def test_a_valid_answer_in_the_sample_has_no_reason() -> None:
    metrics, line = logged("1", ENCODE)
    assert metrics["Invalid"] == [0]
    assert "reason" not in metrics
    assert line["status"] == 200


def test_a_function_that_logs_every_invocation_counts_the_valid_and_the_invalid(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A name of its own: Powertools keeps one logger a service, with the standard output of its first one.
    observed = lambda_handler(replace(SERVICE, name="observed"), {"LOG_SAMPLE_RATE": "1"})
    for parameters in (dict(ENCODE), {"type": "encode", "data": "x" * 23}):
        observed({"parameters": parameters}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [(line["Requests"], line["Invalid"], line.get("reason")) for line in lines if "_aws" in line]
    assert counted == [([1.0], [0.0], None), ([1.0], [1.0], "length")]
    assert [line["reason"][:7] for line in lines if line.get("message") == "answered"] == ["", "length:"]
