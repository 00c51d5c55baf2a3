"""The Lambda platform: one service in one function, whatever the shape of its events.

HTTP events (Function URL, API Gateway v1 and v2, ALB) go through Mangum to the same ASGI application that the container
serves. A plain event, for `Invoke` by a program, is `{"parameters": {"type": "encode", "data": "CC Team"}}`.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from mangum import Mangum
from mangum.protocols import HTTPCycle

from crossover.asgi import Bound, Headers, ServiceApp, answer
from crossover.measures import INVALID, NAMESPACE, REQUESTS
from crossover.responses import Envelope, Response
from crossover.runner import InlineRunner, at_once
from crossover.seam import Service
from crossover.settings import Identity, configured, load, setting
from crossover.stores.lazy import store_of

Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass(frozen=True)
class LambdaSettings(Identity):
    """Settings of every function."""

    log_sample_rate: float = setting(
        0.01, "share of invocations that write a log line and metrics; each stands for 1 / share", 0, 1
    )


def lambda_handler(service: Service, environ: Mapping[str, str] = os.environ) -> Handler:
    """The function's handler. Called at import, so that INIT pays for settings and tables, not the first request."""
    settings = load(LambdaSettings, environ)
    service = configured(service, environ)
    logging.getLogger("mangum").setLevel(logging.WARNING)
    service.warm()
    envelope = Envelope(settings)
    bound = Bound(service, InlineRunner(store_of(service, environ)))
    observe = Observer(service.name, settings.log_sample_rate)
    http = LooplessMangum(ServiceApp([bound], envelope, observe=observe, base_path=settings.base_path), lifespan="off")

    def handler(event: Any, context: Any) -> dict[str, Any]:
        given = event if isinstance(event, dict) else {}
        if isinstance(given.get("requestContext"), dict):
            return http(given, context)
        parameters = given.get("parameters")
        query = urlencode(parameters if isinstance(parameters, dict) else {}, doseq=True).encode()
        response = at_once(answer(bound, query, envelope))
        observe(service.name, response)
        return {
            "statusCode": response.status,
            "headers": {name.decode(): value.decode() for name, value in response.headers},
            "body": response.body.decode(),
        }

    return handler


class LooplessMangum(Mangum):
    """Mangum without an event loop: here an application never waits, and the loop would be half of a call's cost."""

    def _setup_event_loop(self) -> None:
        """None is needed."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        door = self.infer(event, context)
        cycle = HTTPCycle(door.scope, door.body)
        at_once(cycle.run(self.app))
        return door({"status": cycle.status, "headers": cycle.headers, "body": cycle.body})


class Observer:
    """Writes, for a sample of the answers, one log line and metrics in CloudWatch's embedded metric format.

    A reason is metadata and no dimension: every dimension value would be a metric of its own, and paid as one.
    """

    def __init__(self, service: str, share: float) -> None:
        self._share = share
        self._logger = Logger(service=service)
        self._metrics = Metrics(namespace=NAMESPACE, service=service)

    def __call__(self, service: str, response: Response, seconds: float = 0.0, headers: Headers = ()) -> None:
        if random.random() >= self._share:  # noqa: S311 - a sample, not a secret
            return
        reason = dict(response.headers).get(b"x-invalid-reason", b"").decode()
        stands_for = 1 / self._share
        self._metrics.add_metric(REQUESTS.cloudwatch, MetricUnit.Count, stands_for)
        self._metrics.add_metric(INVALID.cloudwatch, MetricUnit.Count, stands_for if reason else 0)
        self._metrics.add_metadata("status", response.status)
        if reason:
            self._metrics.add_metadata("reason", reason.partition(":")[0])
        self._metrics.flush_metrics()
        self._logger.info("answered", status=response.status, reason=reason, bytes=len(response.body))
