"""Three routes, one of them a POST, over a catalogue that the lifespan loads."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    app.state.starts = getattr(app.state, "starts", 0) + 1
    yield {"catalogue": {1: {"id": 1, "name": "tea"}, 2: {"id": 2, "name": "café"}}}


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    item: int
    count: int = Field(ge=1, le=99)


@app.get("/items/{item}")
async def read_item(item: int, request: Request) -> dict[str, Any]:
    found = request.state.catalogue.get(item)
    if found is None:
        raise HTTPException(404, "no such item")
    return {**found, "starts": app.state.starts}


@app.post("/orders", status_code=201)
def create_order(order: Order, background: BackgroundTasks) -> dict[str, Any]:
    background.add_task(time.sleep, 0.02)
    return {"item": order.item, "count": order.count}


@app.get("/now")
async def now() -> dict[str, float]:
    return {"now": time.time()}
