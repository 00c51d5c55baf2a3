"""The services' part of the OpenAPI document, from what each says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossover.seam import Service
from crossover.web import Route


def service_paths(services: Iterable[Service]) -> dict[str, Any]:
    """OpenAPI path items: one `GET /NAME` for each service, and each route of a service of routes."""
    paths: dict[str, Any] = {}
    for service in services:
        if not service.routes:
            paths[f"/{service.name}"] = {"get": _operation(service)}
        for route in service.routes:
            paths.setdefault(route.path.replace("+}", "}"), {})[route.method.lower()] = _route(service, route)
    return paths


def _route(service: Service, route: Route) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.template.parameters
    ]
    in_query = [
        {
            "name": parameter.name,
            "in": "query",
            "description": parameter.description,
            "schema": parameter.schema,
            "example": parameter.example,
        }
        for parameter in route.parameters
    ]
    operation: dict[str, Any] = {
        "tags": [service.name],
        "summary": route.summary or service.summary,
        "parameters": in_path + in_query,
        "responses": {"default": {"description": "the answer, or a problem as RFC 9457 writes it"}},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": dict(route.body)}}}
    return operation


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
