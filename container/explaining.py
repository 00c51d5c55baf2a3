"""What the page asks of the Twitter service beyond its answers: why the contacts are ranked as they are."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi import Request as HttpRequest

from crossover.asgi import Bound
from crossover.runner import Unavailable
from crossover.seam import Invalid, Request
from functions.twitter.explain import explain
from functions.twitter.handler import start

SHOWN = 50
"""Contacts that the page is given, of hundreds that an answer can have."""
MAX_RECORD_BYTES = 262_144
"""Explaining takes a record apart, which its answer never does: some 0.1 s for each MB."""


def add_explanations(app: FastAPI, twitter: Bound) -> None:
    """Adds `GET /page/twitter.json`, with the parameters of the service itself."""

    one_at_a_time = asyncio.Lock()

    @app.get("/page/twitter.json", include_in_schema=False)
    async def explained(http: HttpRequest) -> dict[str, Any]:
        try:
            request = Request(http.scope["query_string"])
            need = start(request)
            record = await twitter.runner.fetch(need.key)
            need.then(record)
        except Invalid as problem:
            return _no_contacts(f"INVALID, {problem}")
        except Unavailable:
            return _no_contacts("UNAVAILABLE: the store cannot answer now")
        if record is None or len(record) > MAX_RECORD_BYTES:
            return _no_contacts("too many contacts to explain on a page: crossover twitter explain does")
        phrase, hashtag = request.one(b"phrase").decode(), request.one(b"hashtag").decode()
        async with one_at_a_time:
            contacts = await asyncio.to_thread(explain, record, phrase, hashtag)
        shown = [
            {**each._asdict(), "user_id": str(each.user_id), "tweets": [tweet._asdict() for tweet in each.tweets[:3]]}
            for each in contacts[:SHOWN]
        ]
        return {"problem": "", "count": len(contacts), "contacts": shown}


def _no_contacts(problem: str) -> dict[str, Any]:
    return {"problem": problem, "count": 0, "contacts": []}
