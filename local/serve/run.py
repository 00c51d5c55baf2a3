"""The main job: the bundle served on this machine, checked on both platforms before it is announced."""

from __future__ import annotations

import os
import signal

from container.server import bind
from container.settings import ContainerSettings
from crossover.seam import Service
from crossover.settings import SettingError, load
from functions import registry
from local.console import console
from local.errors import UserError
from local.serve.demo import use_demo_store
from local.serve.process import served
from local.serve.selfcheck import self_check


def chosen() -> tuple[ContainerSettings, list[Service]]:
    """What the environment asks for. Raises `UserError`."""
    try:
        settings = load(ContainerSettings, os.environ)
        return settings, registry.load(settings.service_names(), os.environ)
    except SettingError as problem:
        raise UserError(str(problem)) from problem


def run_bundle() -> None:
    """Starts the container shim as a child, checks it, says what to try, and waits for its end."""
    settings, services = chosen()
    try:
        bind(settings).close()
    except SettingError as problem:
        raise UserError(str(problem)) from problem
    os.environ.update(use_demo_store([service.name for service in services]), LOG_SAMPLE_RATE="0")
    try:
        with served({}, host=settings.host, port=settings.port) as server:
            _announce(server.address, services)
            status = server.process.wait()
    except KeyboardInterrupt:
        console.print("\nstopped")
        return
    if status not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise UserError(f"the server ended with status {status}")


def _announce(address: str, services: list[Service]) -> None:
    try:
        checks = list(self_check(address, services))
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
