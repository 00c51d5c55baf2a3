"""The main job: the bundle served on this machine, checked on both platforms before it is announced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace

from container.server import bind
from container.settings import ContainerSettings
from crossover.seam import Service
from crossover.settings import SettingError, load
from functions import registry
from local.cli.report import UserError, console
from local.serve.demo import use_demo_store
from local.serve.selfcheck import self_check

START_SECONDS = 30


def chosen() -> tuple[ContainerSettings, list[Service]]:
    """What the environment asks for. Raises `UserError`."""
    try:
        settings = load(ContainerSettings, os.environ)
        return settings, registry.load(settings.service_names())
    except SettingError as problem:
        raise UserError(str(problem)) from problem


def run_bundle() -> None:
    """Starts the container shim as a child, checks it, says what to try, and waits for its end."""
    settings, services = chosen()
    try:
        listener = bind(settings)
    except SettingError as problem:
        raise UserError(str(problem)) from problem
    settings = replace(settings, port=listener.getsockname()[1])
    listener.close()
    os.environ.update(use_demo_store([service.name for service in services]))
    server = subprocess.Popen([sys.executable, "-m", "container"], env={**os.environ, "PORT": str(settings.port)})
    try:
        address = f"http://{settings.host}:{settings.port}"
        _wait_until_ready(server, address)
        _announce(address, services)
        server.wait()
    except KeyboardInterrupt:
        console.print("\nstopping")
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=15)
    if server.returncode not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise UserError(f"the server ended with status {server.returncode}")


def _wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address + "/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise UserError("the server did not become ready; `make serve` shows why")


def _announce(address: str, services: list[Service]) -> None:
    checks = list(self_check(address, services))
    console.rule("Crossover")
    console.print(f"[bold]{address}/[/bold]  the page\n{address}/docs  the API", highlight=False)
    for check in checks:
        verdict = "[green]right[/green]" if check.right else "[bold red]WRONG[/bold red]"
        console.print(f"\n{check.service}: {verdict} over HTTP and through the Lambda entry", highlight=False)
        console.print(f"curl '{check.url}'", soft_wrap=True, markup=False, highlight=False)
    console.rule("Ctrl-C ends it")
    if not all(check.right for check in checks):
        raise UserError("the self-check failed: the two platforms do not agree with the published answers")
