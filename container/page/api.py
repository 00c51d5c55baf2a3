"""What the page asks beyond the services' answers: why contacts are ranked, and why a chain is refused, as they are."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import FastAPI
from fastapi import Request as HttpRequest

from crossover.asgi import Bound
from crossover.runner import Unavailable
from crossover.seam import Invalid, Request
from functions.blockchain.explain import BROKEN, KEPT, as_data, with_proof
from functions.blockchain.explain import explain as explain_chain
from functions.blockchain.ledger import Asked
from functions.blockchain.limits import Limits
from functions.twitter.explain import explain as explain_contacts
from functions.twitter.handler import start

SHOWN = 50
"""Contacts that the page is given, of hundreds that an answer can have."""
MAX_RECORD_BYTES = 262_144
"""Explaining takes a record apart, which its answer never does: some 0.1 s for each MB."""


MAX_DRAWN = 200
"""Transactions that the page is given; a request can have thousands."""
EXACT_IN_JAVASCRIPT = 2**53


def add_contacts(app: FastAPI, twitter: Bound) -> None:
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
            contacts = await asyncio.to_thread(explain_contacts, record, phrase, hashtag)
        shown = [
            {**each._asdict(), "user_id": str(each.user_id), "tweets": [tweet._asdict() for tweet in each.tweets[:3]]}
            for each in contacts[:SHOWN]
        ]
        return {"problem": "", "count": len(contacts), "contacts": shown}


def add_chains(app: FastAPI, blockchain: Bound, limits: Limits) -> None:
    """Adds `GET /page/blockchain/explain`, with the parameter of the service itself."""

    one_at_a_time = asyncio.Lock()

    @app.get("/page/blockchain/explain", include_in_schema=False)
    async def explained(http: HttpRequest) -> Any:
        try:
            request = Request(http.scope["query_string"])
        except Invalid as problem:
            return _nothing(f"INVALID, {problem}")
        async with one_at_a_time:
            found = await asyncio.to_thread(explain_chain, request, limits)
        if found.asked is not None and _transactions(found.asked) > MAX_DRAWN:
            return _nothing("too many transactions for a page: crossover blockchain explain does")
        if found.need is None:
            return _shown(as_data(found, None))
        begun = time.perf_counter()
        try:
            mined = await blockchain.runner.compute(found.need.work)
        except Unavailable:
            return _exact({**as_data(found, None), "problem": "UNAVAILABLE: there is no time to mine now"})
        seconds = time.perf_counter() - begun
        try:
            found.need.then(mined)
        except Invalid as problem:
            return _shown(as_data(with_proof(found, BROKEN, str(problem)), None))
        return _shown(as_data(with_proof(found, KEPT), mined, seconds))


def _shown(data: dict[str, Any]) -> Any:
    return _exact({**data, "problem": f"INVALID, {data['problem']}" if data["problem"] else ""})


def _nothing(problem: str) -> dict[str, Any]:
    return {"problem": problem, "rules": [], "blocks": []}


def _transactions(asked: Asked) -> int:
    return sum(len(block.all_tx) for block in asked.chain) + len(asked.new_tx)


def _exact(value: Any) -> Any:
    """JSON values with whole numbers as text where JavaScript would round them."""
    match value:
        case dict():
            return {key: _exact(each) for key, each in value.items()}
        case list() | tuple():
            return [_exact(each) for each in value]
        case int() if abs(value) >= EXACT_IN_JAVASCRIPT:
            return str(value)
    return value


def _no_contacts(problem: str) -> dict[str, Any]:
    return {"problem": problem, "count": 0, "contacts": []}
