"""The Lambda platform: one service in one function, whatever the shape of its events.

HTTP events (Function URL, API Gateway v1 and v2, ALB) are answered as the container answers HTTP. A plain event, for
`Invoke` by a program, is `{"parameters": {"type": "encode", "data": "CC Team"}}`.

What INIT does not need is imported where it is first needed: Mangum for anything but the plain GET of the service, and
Powertools for the first invocation of the sample.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossover.asgi import Bound, Headers, ServiceApp, answer
from crossover.lambda_events import answer_to, headers_of, query_of_get, query_of_plain
from crossover.measures import INVALID, NAMESPACE, REQUESTS
from crossover.protocol import Envelope
from crossover.responses import Response
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
    """Make the function's handler. Called at import, so that INIT reads the settings, not the first request.

    Raises:
        SettingError: for a setting that cannot be used.
    """
    settings = load(LambdaSettings, environ)
    service = configured(service, environ)
    service.warm()
    envelope = Envelope(settings)
    bound = Bound(service, InlineRunner(store_of(service, environ)))
    observe = Observer(service.name, settings.log_sample_rate)
    if service.routes:
        from crossover.web_lambda import web_handler  # which no other service needs

        return web_handler(bound, settings.base_path, observe)
    path = f"/{service.name}"
    paths = frozenset((path, settings.base_path.rstrip("/") + path))

    @cache
    def adapter() -> Handler:
        from crossover.lambda_adapter import LooplessMangum

        return LooplessMangum(ServiceApp([bound], envelope, observe=observe, base_path=settings.base_path))

    def handler(event: Any, context: Any) -> dict[str, Any]:
        if not isinstance(event, dict):
            event = {}
        if isinstance(event.get("requestContext"), dict):
            query = query_of_get(event, paths)
            if query is None:
                return adapter()(event, context)
            response = at_once(answer(bound, query, envelope, headers_of(event)))  # type: ignore[arg-type]
        else:
            response = at_once(answer(bound, query_of_plain(event.get("parameters")), envelope))
        observe(service.name, response)
        return answer_to(response, event)

    return handler


class Observer:
    """Writes, for a sample of the answers, one log line and metrics in CloudWatch's embedded metric format.

    A reason is metadata and no dimension: every dimension value would be a metric of its own, and paid as one.
    """

    def __init__(self, service: str, share: float) -> None:
        self._service = service
        self._share = share
        self._threshold = round(share * 2**32)

    def __call__(self, service: str, response: Response, seconds: float = 0.0, headers: Headers = ()) -> None:
        """Decide by chance whether to write, and write."""
        if int.from_bytes(os.urandom(4), "big") < self._threshold:  # `random` would take a millisecond of INIT
            self._write(response)

    def _write(self, response: Response) -> None:
        logger, metrics, count = _powertools(self._service)
        reason = dict(response.headers).get(b"x-invalid-reason", b"").decode()
        stands_for = 1 / self._share
        metrics.add_metric(REQUESTS.cloudwatch, count, stands_for)
        metrics.add_metric(INVALID.cloudwatch, count, stands_for if reason else 0)
        metrics.add_metadata("status", response.status)
        if reason:
            metrics.add_metadata("reason", reason.partition(":")[0])
        metrics.flush_metrics()
        logger.info("answered", status=response.status, reason=reason, bytes=len(response.body))


@cache
def _powertools(service: str) -> tuple[Any, Any, Any]:
    """Return a logger, the metrics and the unit of a count, loaded at their first use: 70 ms of CPU uncompiled."""
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    return Logger(service=service), Metrics(namespace=NAMESPACE, service=service), MetricUnit.Count
