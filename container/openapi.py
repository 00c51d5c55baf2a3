"""The services' part of the OpenAPI document, from what each says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossover.seam import Service


def service_paths(services: Iterable[Service]) -> dict[str, Any]:
    """OpenAPI path items: one `GET /NAME` for each service."""
    return {f"/{service.name}": {"get": _operation(service)} for service in services}


def _operation(service: Service) -> dict[str, Any]:
    examples = {
        example.title: {"summary": f"GET /{service.name}?{example.query}", "value": example.result or ""}
        for example in service.examples
    }
    codes = "|".join(service.reasons)
    return {
        "tags": ["services"],
        "operationId": service.name,
        "summary": service.summary,
        "parameters": [
            {
                "name": parameter.name,
                "in": "query",
                "required": True,
                "description": parameter.description,
                "schema": parameter.schema,
                "example": parameter.example,
            }
            for parameter in service.parameters
        ],
        "responses": {
            "200": {
                "description": "`TEAM,ACCOUNT`, a line feed, and the result or `INVALID`",
                "headers": {
                    "X-Invalid-Reason": {
                        "description": "only where INVALID: CODE: DETAIL",
                        "schema": {"type": "string", "pattern": f"^({codes}): "},
                    }
                },
                "content": {"text/plain": {"schema": {"type": "string"}, "examples": examples}},
            },
            "500": {
                "description": "a fault of ours, logged under the request's id",
                "headers": {"X-Request-Id": {"description": "the request's id", "schema": {"type": "string"}}},
            },
            "503": {"description": "the platform cannot meet a need of the service now; see `Retry-After`"},
        },
    }
