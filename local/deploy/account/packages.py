"""The functions' template with its packages: each folder a zip, named by its content, addressed in the template."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.emulator.artifacts import Artifacts

KEYS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same content gives the same name."""


def zipped(folder: Path) -> bytes:
    """Return a folder as a zip; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
                entry.external_attr = (0o755 if path.stat().st_mode & 0o100 else 0o644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def package(built: Artifacts, out: Path) -> dict[str, Path]:
    """Write the zips of what was built into a folder, and return each by the logical name in the template."""
    out.mkdir(parents=True, exist_ok=True)
    made = {}
    for name, folder in {**built.functions, **built.layers}.items():
        content = zipped(folder)
        made[name] = out / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.zip"
        made[name].write_bytes(content)
    return made


def with_packages(document: Mapping[str, Any], bucket: str, packages: Mapping[str, Path]) -> str:
    """Return the template as JSON, its folders replaced by their packages in the bucket."""
    changed = json.loads(json.dumps(document))
    for name, resource in changed["Resources"].items():
        if resource["Type"] in KEYS:
            resource["Properties"][KEYS[resource["Type"]]] = f"s3://{bucket}/{packages[name].name}"
            resource.pop("Metadata", None)  # how SAM CLI would build it
    return json.dumps(changed)
