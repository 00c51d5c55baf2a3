"""The container's application: the services in front, and behind them FastAPI for the page, the docs and readiness.

This is where the container platform is wired.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from container.compute_queue import ComputeQueue, Computing
from container.drain import drain_on_signals
from container.http.fd_limit import connections_within_limit
from container.lifecycle import Life
from container.logs import count_dropped, sampling, told
from container.metrics.recorder import Metrics
from container.metrics.sheets import FOLDER
from container.openapi import service_paths
from container.page.routes import add_page
from container.settings import ContainerSettings
from container.stores.backends import Storing
from crossover.asgi import Bound, ServiceApp
from crossover.responses import Envelope
from crossover.seam import Service
from crossover.settings import load
from functions import registry


def in_slices(settings: ContainerSettings) -> Computing:
    """Computing between requests, within the settings' bounds."""
    return ComputeQueue(settings.max_computations, settings.compute_seconds)


def create() -> ServiceApp:
    """The application as uvicorn starts it in each worker: the services and settings that the environment names."""
    settings = load(ContainerSettings, os.environ)
    settings = replace(settings, max_connections=connections_within_limit(settings.max_connections))
    return build(registry.load(settings.service_names(), os.environ), settings, os.environ, drain=drain_on_signals)


def build(
    services: list[Service],
    settings: ContainerSettings,
    environ: Mapping[str, str],
    drain: Callable[[Callable[[bool], None], float, float], None] | None = None,
    computing: Callable[[ContainerSettings], Computing] = in_slices,
) -> ServiceApp:
    """Wires services, their runners and stores, and what stands behind them.

    `drain` is given, at the start, what announces the end (and whether a successor is there), how long before the stop
    it has to be, and how long a connection may be idle. `computing` makes for each service what computes for it.
    """
    storings = [Storing(service, settings, environ, computing(settings)) for service in services]
    bound = [Bound(each.service, each.runner) for each in storings]
    figures = [figures for each in storings for figures in (*each.figures, *each.runner.figures)]
    folder = Path(environ[FOLDER]) if FOLDER in environ else None
    metrics = Metrics(services, figures, settings.max_connections, folder)
    count_dropped(metrics.line_dropped)
    supervisor = multiprocessing.parent_process()
    life = Life(metrics, settings, supervisor.pid if supervisor is not None else None)

    async def become_ready() -> None:
        await asyncio.gather(*(each.reached() for each in storings))
        life.begin()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        for service in services:
            service.warm()
        if drain is not None:
            drain(announce, settings.drain_seconds, settings.keep_alive_seconds)
        tasks = [asyncio.create_task(each) for each in (become_ready(), life.go_on())]
        yield {"settings": settings, "metrics": metrics}
        for task in tasks:
            task.cancel()
        metrics.publish()
        for each in storings:
            await each.close()

    def announce(replaced: bool) -> None:
        life.drain(replaced)
        front.draining = True

    behind = _behind(bound, settings, metrics, life, lifespan)
    observe = sampling(settings.log_sample_rate, metrics.observe)
    front = ServiceApp(bound, Envelope(settings), otherwise=told(behind), observe=observe)
    return front


def _behind(
    bound: list[Bound],
    settings: ContainerSettings,
    metrics: Metrics,
    life: Life,
    lifespan: Any,
) -> FastAPI:
    app = FastAPIOffline(
        title="Crossover",
        summary="Write a handler once, run it on Lambda and on EKS, and see where the cost lines cross.",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    add_page(app, bound, settings.offered_samples())

    @app.get("/healthz", tags=["platform"], summary="Alive: touches nothing", response_class=PlainTextResponse)
    async def healthz() -> str:
        return "ok"

    @app.get("/metrics", tags=["platform"], summary="Figures of all workers, for Prometheus")
    async def prometheus() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/status", tags=["platform"], summary="Figures of all workers, for people")
    async def status() -> dict[str, Any]:
        return {"ready": life.ready, **metrics.status()}

    @app.get("/readyz", tags=["platform"], summary="Ready: tables loaded, stores reached once, not draining")
    async def readyz() -> PlainTextResponse:
        return PlainTextResponse("ready" if life.ready else "not ready", 200 if life.ready else 503)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, problem: HTTPException) -> PlainTextResponse:
        text = {404: "not found", 405: "method not allowed"}.get(problem.status_code, problem.detail)
        return PlainTextResponse(text, problem.status_code, headers=dict(problem.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def refused(request: Request, problem: RequestValidationError) -> PlainTextResponse:
        first = problem.errors()[0]
        return PlainTextResponse(f"{first['loc'][-1]}: {first['msg']}", 422)

    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["paths"] = {**service_paths(each.service for each in bound), **document["paths"]}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
    return app
