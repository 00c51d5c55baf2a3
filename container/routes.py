"""The platform's own routes, beside the services and the page: health, readiness, metrics, the documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from container.lifecycle import Lifecycle
from container.metrics.recorder import Metrics
from container.openapi import service_paths
from crossover.asgi import ALLOWED, ASGIApp, Bound, Receive, Scope, Send, not_found

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]


def create_platform_app(
    services: Sequence[Bound], metrics: Metrics, lifecycle: Lifecycle, lifespan: Lifespan
) -> FastAPI:
    """Return the application of every path that is no service's. The page is not in it yet."""
    app = FastAPIOffline(
        title="Crossover",
        summary="Write a handler once, run it on Lambda and on EKS, and see where the cost lines cross.",
        lifespan=lifespan,
        redirect_slashes=False,
    )

    @app.get("/healthz", tags=["platform"], summary="Alive: touches nothing", response_class=PlainTextResponse)
    async def healthz() -> str:
        return "ok"

    @app.get("/readyz", tags=["platform"], summary="Ready: tables loaded, stores reached once, not draining")
    async def readyz() -> PlainTextResponse:
        return PlainTextResponse("ready" if lifecycle.ready else "not ready", 200 if lifecycle.ready else 503)

    @app.get("/metrics", tags=["platform"], summary="Metrics of all workers, for Prometheus")
    async def prometheus() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    _add_problems(app)
    _add_services_to_openapi(app, services)
    return app


def exact_paths(app: ASGIApp) -> ASGIApp:
    """Return `app`, where a path that ends with a line feed is not found: Starlette's patterns overlook one."""

    async def exact(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("\n"):
            await not_found(scope, receive, send)
        else:
            await app(scope, receive, send)

    return exact


def _add_problems(app: FastAPI) -> None:
    """Answer problems in one line of plain text."""

    @app.exception_handler(HTTPException)
    async def plain(request: Request, problem: HTTPException) -> PlainTextResponse:
        text = {404: "not found", 405: "method not allowed"}.get(problem.status_code, problem.detail)
        headers = {"allow": ALLOWED} if problem.status_code == 405 else dict(problem.headers or {})
        return PlainTextResponse(text, problem.status_code, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def refused(request: Request, problem: RequestValidationError) -> PlainTextResponse:
        first = problem.errors()[0]
        return PlainTextResponse(f"{first['loc'][-1]}: {first['msg']}", 422)


def _add_services_to_openapi(app: FastAPI, services: Sequence[Bound]) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["paths"] = {**service_paths(bound.service for bound in services), **document["paths"]}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
