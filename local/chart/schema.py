"""The settings in the chart's values.schema.json, made from the settings that a pod knows, so that both say the same."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_type_hints

from container.settings import ContainerSettings
from local.cli.places import ROOT

SCHEMA = ROOT / "container/chart/values.schema.json"
SET_BY_CHART = ("CROSSOVER_SERVICES", "HOST", "PORT", "KEEP_ALIVE_SECONDS", "DRAIN_SECONDS", "PODS")
"""What the templates say themselves: values of their own stand behind these, or none at all."""


def renewed(text: str) -> str:
    """The schema's text with `definitions.settings` made anew."""
    schema = json.loads(text)
    schema["definitions"]["settings"]["properties"] = settings()
    return json.dumps(schema, indent=2) + "\n"


def settings() -> dict[str, dict[str, Any]]:
    """Each setting that values may give, with its type, bounds and meaning."""
    hints = get_type_hints(ContainerSettings)
    return {
        each.name.upper(): {"description": each.metadata["meaning"], **_bounds(hints[each.name], each.metadata)}
        for each in dataclasses.fields(ContainerSettings)
        if each.name.upper() not in SET_BY_CHART
    }


def _bounds(kind: type, metadata: Any) -> dict[str, Any]:
    least, most = metadata["minimum"], metadata["maximum"]
    if kind is str:
        return {"type": "string", "minLength": least, "maxLength": most}
    return {"type": "integer" if kind is int else "number", "minimum": least, "maximum": most}


def renew(path: Path = SCHEMA) -> None:
    """Writes the schema anew."""
    path.write_text(renewed(path.read_text()))
