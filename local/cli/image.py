"""`crossover image`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from local.console import console
from local.errors import UserError
from local.paths import IS_CLONE


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(image)


def image(
    tag: Annotated[str, typer.Option(help="Name of the image, with its registry where it is pushed.")] = "crossover",
    base: Annotated[
        str | None, typer.Option(help="A Debian with Python 3.11 or newer; default: BASE, then the Dockerfile's.")
    ] = None,
    platform: Annotated[str, typer.Option(help="linux/amd64,linux/arm64: built with buildx for these.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Push it to the registry in its name.")] = False,
    attest: Annotated[
        bool, typer.Option("--attest", help="Push the list of its contents (SBOM) and its provenance with it.")
    ] = False,
) -> None:
    """Build the image that pods run, with the engine of this machine."""
    from local.deploy import image as build
    from local.deploy.docker import Docker, EngineError

    if not IS_CLONE:
        raise UserError("crossover image builds from a clone of the project: clone it, and run make image there")
    docker = Docker()
    build.require(docker)
    try:
        build.build(docker, base or os.environ.get("BASE") or build.default_base(), tag, platform, push, attest)
    except EngineError as problem:
        raise UserError(str(problem)) from None
    console.print(
        f"built {tag}; try it: docker run --rm --read-only -p 8080:8080 -e CROSSOVER_SERVICES=qrcode {tag}",
        highlight=False,
        soft_wrap=True,
    )
