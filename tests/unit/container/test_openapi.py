"""The OpenAPI document is a valid one and has every route with examples."""

from __future__ import annotations

import re

import httpx
from openapi_spec_validator import validate

from container.app import build
from container.settings import ContainerSettings
from functions import registry


async def test_the_document_is_valid_and_complete() -> None:
    services = registry.load(["qrcode"])
    transport = httpx.ASGITransport(build(services, ContainerSettings(), {}))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        document = (await client.get("/openapi.json")).json()
    validate(document)
    assert {"/qrcode", "/healthz", "/readyz"} <= set(document["paths"])
    operation = document["paths"]["/qrcode"]["get"]
    assert all(parameter["example"] for parameter in operation["parameters"])
    assert "X-Request-Id" in operation["responses"]["500"]["headers"]
    answer = operation["responses"]["200"]
    assert answer["content"]["text/plain"]["examples"]
    assert re.match(answer["headers"]["X-Invalid-Reason"]["schema"]["pattern"], "character: a text is ASCII")
