"""The image under test."""

from __future__ import annotations

from typing import NamedTuple

from local.deploy.docker import Docker

TAG = "crossover-tested"


class BuiltImage(NamedTuple):
    """The engine that has the image, the base it was built on, and the settings of its pods."""

    docker: Docker
    base: str
    settings: dict[str, str]
