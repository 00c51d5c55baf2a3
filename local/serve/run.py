"""The main job: the bundle served on this machine, checked on both platforms before it is announced."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from container.server import bind
from container.settings import ContainerSettings
from crossover.seam import Service
from crossover.settings import SettingError, load
from functions import registry
from local.console import console
from local.errors import UserError
from local.serve.demo import with_demo_store
from local.serve.process import served
from local.serve.selfcheck import self_check


def chosen() -> tuple[ContainerSettings, list[Service]]:
    """Return the settings and the services that the environment names. Raises `UserError`."""
    try:
        settings = load(ContainerSettings, os.environ)
        return settings, registry.load(settings.service_names(), os.environ)
    except SettingError as problem:
        raise UserError(str(problem)) from problem


def run_bundle() -> None:
    """Start the container shim as a child, check it, print what to try, and wait for its end."""
    settings, services = chosen()
    try:
        bind(settings).close()
    except SettingError as problem:
        raise UserError(str(problem)) from problem
    environ = with_demo_store(os.environ, [service.name for service in services]) | {"LOG_SAMPLE_RATE": "0"}
    try:
        with served(environ, host=settings.host, port=settings.port) as server:
            _announce(server.address, services, environ)
            status = server.process.wait()
    except KeyboardInterrupt:
        console.print("\nstopped")
        return
    if status not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise UserError(f"the server ended with status {status}")


def _announce(address: str, services: list[Service], environ: Mapping[str, str]) -> None:
    try:
        checks = list(self_check(address, services, environ))
    except OSError as problem:
        raise UserError(f"the self-check met {problem}; a store that is empty is loaded by crossover etl") from None
    console.rule("Crossover")
    console.print(f"[bold]{address}/[/bold]  the page\n{address}/docs  the API", highlight=False)
    for check in checks:
        verdict = "[bold red]WRONG[/bold red]" if check.problems else "[green]right[/green]"
        console.print(f"\n{check.service}: {verdict} over HTTP and through the Lambda entry", highlight=False)
        console.print(f"curl '{check.url}'", soft_wrap=True, markup=False, highlight=False)
    console.rule("Ctrl-C ends it")
    problems = [f"{check.service} {problem}" for check in checks for problem in check.problems]
    if problems:
        raise UserError(f"the self-check failed: {problems[0]} ({len(problems)} of them)")
