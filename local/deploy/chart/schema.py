"""The parts of values.schema.json about services and settings, made from the registry and the settings' classes.

The rest of the schema is written by hand. `make docs` renews it.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_type_hints

from container.settings import ContainerSettings
from crossover.seam import Service
from functions import registry
from local.paths import ROOT

Schema = dict[str, Any]

SCHEMA = ROOT / "container/chart/values.schema.json"
SET_BY_CHART = ("CROSSOVER_SERVICES", "HOST", "PORT", "KEEP_ALIVE_SECONDS", "DRAIN_SECONDS", "STOP_SECONDS", "PODS")
"""Settings that the templates set themselves, some of them from values with other names."""


def renewed(text: str) -> str:
    """Return the schema's text with its generated parts renewed: the services, and the settings of pods."""
    schema = json.loads(text)
    schema["definitions"]["settings"] = _closed(settings_of(ContainerSettings))
    overrides = {name: ref for name, ref in schema["properties"]["pods"]["properties"].items() if name != "settings"}
    services = schema["properties"]["services"]["properties"] = {}
    for service in registry.load():
        services[service.name] = _service(service, overrides)
    return json.dumps(schema, indent=2) + "\n"


def settings_of(group: type[Any]) -> dict[str, Schema]:
    """Return each setting of a group that values may set, with its type, bounds and meaning."""
    hints = get_type_hints(group)
    return {
        setting.name.upper(): {
            "description": setting.metadata["meaning"],
            **_bounds(hints[setting.name], setting.metadata),
        }
        for setting in dataclasses.fields(group)
        if setting.name.upper() not in SET_BY_CHART
    }


def _service(service: Service, overrides: dict[str, Schema]) -> Schema:
    properties: dict[str, Schema] = {"enabled": {"type": "boolean"}}
    if service.stored:
        properties["store"] = {"$ref": "#/definitions/store"}
    properties["settings"] = {"$ref": "#/definitions/settings"}
    if service.settings is not None:
        properties["settings"] = _closed({**settings_of(ContainerSettings), **settings_of(service.settings)})
    required = ["enabled", "store"] if service.stored else ["enabled"]
    return {**_closed({**properties, **overrides}), "required": required}


def _closed(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _bounds(kind: type, metadata: Any) -> Schema:
    minimum, maximum = metadata["minimum"], metadata["maximum"]
    if kind is str:
        return {"type": "string", "minLength": minimum, "maxLength": maximum}
    return {"type": "integer" if kind is int else "number", "minimum": minimum, "maximum": maximum}
