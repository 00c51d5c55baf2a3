"""Where the container platform is wired: the services, and beside them FastAPI for the platform's own routes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from container.compute_queue import ComputeQueue, Computing
from container.drain import drain_on_sigterm
from container.http.direct import DirectServices
from container.http.fd_limit import connections_within_limit
from container.lifecycle import Lifecycle, publish_metrics, stop_with_parent
from container.logs import count_dropped, log_errors, sampling
from container.metrics.recorder import Metrics
from container.page.routes import add_page
from container.routes import create_platform_app, exact_paths
from container.settings import ContainerSettings
from container.stores.backends import ServiceBackend
from crossover.asgi import Bound, ServiceApp
from crossover.protocol import Envelope
from crossover.seam import Service
from crossover.settings import load
from functions import registry


def in_slices(settings: ContainerSettings) -> Computing:
    """Return what computes between requests, within the settings' bounds."""
    return ComputeQueue(settings.max_computations, settings.compute_seconds)


def create() -> ServiceApp:
    """Return the application as uvicorn starts it in each worker: services and settings are those of `os.environ`."""
    settings = load(ContainerSettings, os.environ)
    settings = replace(settings, max_connections=connections_within_limit(settings.max_connections))
    return build(registry.load(settings.service_names(), os.environ), settings, os.environ, drain=drain_on_sigterm)


def build(
    services: list[Service],
    settings: ContainerSettings,
    environ: Mapping[str, str],
    drain: Callable[[Callable[[], None], float], None] | None = None,
    computing: Callable[[ContainerSettings], Computing] = in_slices,
) -> ServiceApp:
    """Wire services, their runners and stores, metrics, logs and the platform's routes.

    Args:
        services: what is served.
        settings: the container's settings.
        environ: the variables of stores and of services' limits.
        drain: called at the start with a function that announces the stop, and the seconds that lie between both.
        computing: makes, for each service, what computes for it.
    """
    backends = [ServiceBackend(service, settings, environ, computing(settings)) for service in services]
    bound = [Bound(backend.service, backend.runner) for backend in backends]
    figures = [figures for backend in backends for figures in (*backend.figures, *backend.runner.figures)]
    metrics = Metrics(services, figures, settings.max_connections)
    count_dropped(metrics.line_dropped)
    lifecycle = Lifecycle(metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        for service in services:
            service.warm()
        if drain is not None:
            drain(announce_stop, settings.drain_seconds)
        stop_with_parent()
        tasks = [asyncio.create_task(start_when_reached()), asyncio.create_task(publish_metrics(metrics))]
        state = {"settings": settings, "metrics": metrics, "direct": direct}
        yield {**state, "takes_body": app.takes_body} if app.web else state
        for task in tasks:
            task.cancel()
        metrics.publish()
        for backend in backends:
            await backend.close()

    async def start_when_reached() -> None:
        await asyncio.gather(*(backend.wait_until_ready() for backend in backends))
        lifecycle.start()

    def announce_stop() -> None:
        lifecycle.drain()
        app.draining = True

    platform = create_platform_app(bound, metrics, lifecycle, lifespan)
    add_page(platform, bound, settings.offered_samples(), settings.report_file())
    observe = sampling(settings.log_sample_rate, metrics.observe)
    app = ServiceApp(bound, Envelope(settings), log_errors(exact_paths(platform)), observe, settings.base_path)
    direct = DirectServices(app, metrics, sampled=settings.log_sample_rate > 0)
    return app
