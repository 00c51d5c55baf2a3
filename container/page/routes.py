"""The page: its files, its standard QR codes, the requests that it offers, and why an answer is what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi import Request as HttpRequest
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

from crossover.asgi import Bound
from crossover.explaining import explained

ASSETS = {path.name: path for path in (Path(__file__).parent / "assets").iterdir()}
MAX_SCANNABLE_CHARACTERS = 40
"""Characters of a standard QR code, as many as the page accepts: drawing one of hundreds takes 50 ms."""
EXACT_IN_JAVASCRIPT = 2**53


def add_page(app: FastAPI, services: Iterable[Bound], offered: bytes, report: Path | None) -> None:
    """Add `/` and what lies under `/page/`.

    Args:
        app: the application.
        services: those that are served; one that explains its answers does so at `/page/explain/NAME`, with the
            service's own parameters.
        offered: JSON of what the page offers: {SERVICE: [{"title", "query"}]} and, if known, "costs": {SERVICE: text}.
        report: an HTML file that the page links to and that is served at `/report`.
    """
    explaining = {bound.service.name: bound for bound in services if bound.service.explain is not None}
    one_at_a_time = asyncio.Lock()
    if report is not None:
        offered = json.dumps({**json.loads(offered), "report": "/report"}).encode()

        @app.get("/report", include_in_schema=False)
        async def page_report() -> FileResponse:
            return FileResponse(report, media_type="text/html; charset=utf-8")

    async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a service's explanation in a thread, one at a time: they hold the interpreter."""
        async with one_at_a_time:
            return await asyncio.to_thread(function, *arguments)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(ASSETS["index.html"], media_type="text/html; charset=utf-8")

    @app.get("/page/scannable.svg", include_in_schema=False)
    async def scannable(text: Annotated[str, Query(min_length=1, max_length=MAX_SCANNABLE_CHARACTERS)]) -> Response:
        """Draw a standard QR code, which any phone reads: the service's own code is none."""
        return Response(await asyncio.to_thread(_scannable_svg, text), media_type="image/svg+xml")

    @app.get("/page/explain/{name}", include_in_schema=False)
    async def explain(name: str, http: HttpRequest) -> Any:
        bound = explaining.get(name)
        if bound is None:
            raise HTTPException(404)
        query = http.scope["query_string"]
        return _exact(await explained(bound.service, query, bound.runner, brief=True, call=in_thread))

    @app.get("/page/samples.json", include_in_schema=False)
    async def samples() -> Response:
        return Response(offered, media_type="application/json")

    @app.get("/page/{name}", include_in_schema=False)
    async def asset(name: str) -> FileResponse:
        if name not in ASSETS:
            raise HTTPException(404)
        return FileResponse(ASSETS[name])


def _exact(value: Any) -> Any:
    """Return JSON values with whole numbers as text where JavaScript would round them."""
    match value:
        case dict():
            return {key: _exact(item) for key, item in value.items()}
        case list() | tuple():
            return [_exact(item) for item in value]
        case int() if abs(value) >= EXACT_IN_JAVASCRIPT:
            return str(value)
    return value


def _scannable_svg(text: str) -> bytes:
    import segno

    drawing = BytesIO()
    segno.make(text, micro=False).save(drawing, kind="svg", scale=8, border=4)
    return drawing.getvalue()
