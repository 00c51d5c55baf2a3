"""The OpenAPI document is a valid one and has every route with examples."""

from __future__ import annotations

import re

from openapi_spec_validator import validate

from container.app import build
from container.settings import ContainerSettings
from functions import registry


def test_the_document_is_valid_and_complete() -> None:
    services = registry.load(["qrcode"])
    document = build(services, ContainerSettings(), {})._otherwise.openapi()  # type: ignore[attr-defined]
    validate(document)
    assert {"/qrcode", "/healthz", "/readyz"} <= set(document["paths"])
    operation = document["paths"]["/qrcode"]["get"]
    assert all(parameter["example"] for parameter in operation["parameters"])
    answer = operation["responses"]["200"]
    assert answer["content"]["text/plain"]["examples"]
    assert re.match(answer["headers"]["X-Invalid-Reason"]["schema"]["pattern"], "character: a text is ASCII")
