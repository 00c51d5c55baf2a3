"""`make test-container`: the image built, run as restricted as a pod, asked, loaded, drained, and measured.

Run as `python -m local.image.check`: with the engine that answers, or by root on Debian with one of its own, whose base
image is made on this machine.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from functions import registry
from local.console import console, error_line
from local.data.etl.demo import ensure_demo_store
from local.deploy import image
from local.engine import debian, private
from local.engine.docker import Docker, EngineError
from local.errors import UserError
from local.image import tables
from local.image.clients import Told
from local.image.pod import Memory, Pod, running_pod
from local.image.trials import Failed, drain, ended, load, missing, page_and_docs, restricted, say, smoke
from local.measure.results import Result, write
from local.paths import DATA, ROOT

TAG = "crossover-checked"
DRAIN_SECONDS = 4
STARTS = 5
"""Of each pod: other work on the machine makes some of them slow, and the fastest is told."""


def main() -> int:
    """Runs everything, prints the figures and keeps them; returns the exit status."""
    try:
        with engine() as (docker, base):
            figures = check(docker, base)
    except (private.NoEngine, UserError) as problem:
        error_line(str(problem))
        return 2
    except KeyboardInterrupt:
        return 130
    except (Failed, EngineError) as problem:
        error_line(str(problem))
        return 1
    tables.show(figures)
    path = write(Result(kind="image", config={"base": base}, data=figures))
    console.print(f"every check passed; the figures are in {path.relative_to(ROOT)}", highlight=False)
    return 0


@contextlib.contextmanager
def engine() -> Iterator[tuple[Docker, str]]:
    """An engine and the base image for it: the user's with BASE or the Dockerfile's, or else a private one's Debian."""
    users = Docker()
    if users.answers():
        yield users, os.environ.get("BASE") or image.default_base()
        return
    private.require()
    say("starting an engine of its own; its first base image takes some minutes")
    with private.running() as address:
        yield Docker(address), debian.base_image(address)


def check(docker: Docker, base: str) -> dict[str, Any]:
    """Every check, in the order of a pod's life; gives the figures. Raises `Failed`, `EngineError`."""
    say(f"building the image on {base}")
    image.build(docker, base, TAG)
    os.environ["TWITTER_STORE"] = store = ensure_demo_store(DATA)
    settings = {"DRAIN_SECONDS": str(DRAIN_SECONDS), "TWITTER_STORE": store.replace(str(DATA.absolute()), "/data")}
    with running_pod(docker, TAG, settings, DATA) as pod:
        say(f"all services: ready after {pod.start.seconds} s")
        idle = pod.memory()
        smoke(pod)
        page_and_docs(pod)
        figures = [figures_of("all", pod, idle, load(pod, list(registry.SERVICES)))]
        drained = drain(pod)
    figures[0]["starts"] += starts(docker, settings)
    figures += [one_service(docker, name, settings) for name in registry.SERVICES]
    with running_pod(docker, TAG, {**settings, "WORKERS": "2"}, DATA) as pod:
        restricted(pod.inside())
        smoke(pod)
        ended(pod, pod.stop())
    say("two workers: every answer is right")
    refuses_a_wrong_setting(docker)
    sizes = {name: int(docker.ask("inspect", "--format", "{{.Size}}", name)) for name in (base, TAG)}
    return {
        "bytes": sizes[TAG],
        "base_bytes": sizes[base],
        "layers": layers(docker, sizes[base], sizes[TAG]),
        "pods": figures,
        "drain": drained._asdict(),
    }


def one_service(docker: Docker, name: str, settings: dict[str, str]) -> dict[str, Any]:
    """A pod of one service: it answers, the others are nobody's path there. Raises `Failed`."""
    with running_pod(docker, TAG, {**settings, "CROSSOVER_SERVICES": name}, DATA) as pod:
        idle = pod.memory()
        smoke(pod, [name])
        for other in registry.SERVICES:
            if other != name and not missing(pod, f"/{other}"):
                raise Failed(f"a pod of {name} alone answers on /{other}")
        told = load(pod, [name])
        say(f"{name} alone: ready after {pod.start.seconds} s, the others' paths are 404")
        figures = figures_of(name, pod, idle, told)
    figures["starts"] += starts(docker, {**settings, "CROSSOVER_SERVICES": name})
    return figures


def starts(docker: Docker, settings: dict[str, str]) -> list[dict[str, Any]]:
    """So many starts more that with the one before they are `STARTS`."""
    found = []
    for _ in range(STARTS - 1):
        with running_pod(docker, TAG, settings, DATA) as pod:
            found.append(pod.start._asdict())
    return found


def figures_of(services: str, pod: Pod, idle: Memory, told: Told) -> dict[str, Any]:
    """A pod's figures after its load."""
    return {
        "services": services,
        "starts": [pod.start._asdict()],
        "requests": told.right,
        "idle": idle._asdict(),
        "loaded": pod.memory()._asdict(),
    }


def refuses_a_wrong_setting(docker: Docker) -> None:
    """A wrong setting ends the container at once, in one line. Raises `Failed`."""
    command = docker.command("run", "--rm", "--network", "none", "--env", "CROSSOVER_SERVICES=nosuch", TAG)
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("WARNING: ")]  # those are the engine's
    if done.returncode != 2 or len(lines) != 1 or "CROSSOVER_SERVICES takes" not in lines[0]:
        raise Failed(f"a wrong setting ends with {done.returncode}: {done.stderr[-300:]}")
    say("a wrong setting is one line and status 2")


def layers(docker: Docker, base_bytes: int, total_bytes: int) -> list[dict[str, Any]]:
    """What each step of the final stage adds, those that add nothing left out."""
    lines = docker.ask("history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", TAG)
    added: list[dict[str, Any]] = []
    for line in lines.splitlines():  # the newest first, the base's at the end
        size, _, step = line.partition("\t")
        if sum(each["bytes"] for each in added) + base_bytes >= total_bytes:
            break
        if int(size):
            added.insert(0, {"bytes": int(size), "step": " ".join(step.split())[:80]})
    return added


if __name__ == "__main__":
    sys.exit(main())
