"""`make test-container`: the image, run as restricted as a pod, answers, drains, and is measured."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

import pytest

from functions import registry
from local.load.smoke.selection import cases_here, loaded
from local.paths import DATA, ROOT
from local.workloads.cases import Case
from tests.support.image import TAG, BuiltImage
from tests.support.keep_alive_clients import KeepAliveClients, Outcome
from tests.support.pod import Pod, running_pod

REQUESTS = 6_000
"""Of one load."""
MIX = 500
"""Different requests of each service."""
CONNECTIONS = 40
MAX_PAUSE_SECONDS = 1.0
"""Between the requests of the slowest client while the pod stops."""
STARTS = 5
"""Of each pod: other work on the machine makes some of them slow, and the fastest is reported."""
CLEAN_EXITS = (0, 143)
"""143 is SIGTERM's own: uvicorn raises it again once it has stopped."""

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def _same_store_here(built: BuiltImage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right answers come from the store that the pod has mounted on /data."""
    monkeypatch.setenv("TWITTER_STORE", built.settings["TWITTER_STORE"].replace("/data", str(DATA.absolute())))


def smoke(pod: Pod, *services: str) -> None:
    """Run `crossover smoke`: all answers are known and right."""
    command = [str(Path(sys.executable).with_name("crossover")), "smoke", pod.address, "--json"]
    command += [argument for name in services for argument in ("--service", name)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith("["), done.stderr
    assert [row for row in json.loads(done.stdout) if row["verdict"] != "right"] == [], pod.log()[-300:]
    assert done.returncode == 0


def requests_of(services: Sequence[str]) -> list[Case]:
    """The usual mixes of services, in turn, with the right answers."""
    cases = [cases_here(service, of_the_mix=MIX) for service in loaded(services)]
    return [mix[number % len(mix)] for number in range(MIX) for mix in cases]


def load(pod: Pod, services: Sequence[str]) -> Outcome:
    """Send `REQUESTS` over connections that stay open; every answer is right."""
    clients = KeepAliveClients(pod.port, requests_of(services), CONNECTIONS)
    asyncio.run(clients.ask(REQUESTS))
    outcome = clients.outcome
    assert (outcome.right, outcome.wrong, outcome.lost) == (REQUESTS, [], []), pod.log()[-300:]
    return outcome


def measured(
    built: BuiltImage, services: str, settings: dict[str, str], pod: Pod, names: Sequence[str]
) -> dict[str, Any]:
    """A pod's memory before and after a load, and its start beside those of `STARTS` - 1 others."""
    idle = pod.memory()
    outcome = load(pod, names)
    figures = {"services": services, "requests": outcome.right, "idle": idle._asdict()}
    figures |= {"loaded": pod.memory()._asdict(), "starts": [pod.start._asdict()]}
    for _ in range(STARTS - 1):
        with running_pod(built.docker, TAG, settings, DATA) as other:
            figures["starts"].append(other.start._asdict())
    return figures


def layers(built: BuiltImage, base_bytes: int, total_bytes: int) -> list[dict[str, Any]]:
    """What each step of the final stage adds, those that add nothing left out."""
    lines = built.docker.ask("history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", TAG)
    added: list[dict[str, Any]] = []
    for line in lines.splitlines():  # the newest first, the base's at the end
        size, _, step = line.partition("\t")
        if sum(layer["bytes"] for layer in added) + base_bytes >= total_bytes:
            break
        if int(size):
            added.insert(0, {"bytes": int(size), "step": " ".join(step.split())[:80]})
    return added


def test_the_image_adds_its_services_to_the_base_and_nothing_else(built: BuiltImage, figures: dict[str, Any]) -> None:
    sizes = [int(built.docker.ask("inspect", "--format", "{{.Size}}", name)) for name in (TAG, built.base)]
    figures |= {"bytes": sizes[0], "base_bytes": sizes[1], "base": built.base}
    figures["layers"] = layers(built, sizes[1], sizes[0])
    assert sum(layer["bytes"] for layer in figures["layers"]) + sizes[1] == sizes[0]


def test_a_pod_of_all_services_answers_right_under_load_and_while_it_stops(
    built: BuiltImage, figures: dict[str, Any]
) -> None:
    with running_pod(built.docker, TAG, built.settings, DATA) as pod:
        smoke(pod)
        everything_referred_to_is_in_the_image(pod)
        figures["pods"].append(measured(built, "all", built.settings, pod, list(registry.SERVICES)))
        figures["drain"] = stopped_under_load(pod)


def everything_referred_to_is_in_the_image(pod: Pod) -> None:
    """The page and the docs load no script or style from elsewhere, and all that they refer to is served."""
    paths = {"/openapi.json", "/metrics"}
    for path in ("/", "/docs", "/redoc"):
        with urllib.request.urlopen(pod.address + path, timeout=20) as answer:
            body = answer.read().decode()
        for part in re.findall(r"""(?:src|href)=["']([^"'#]+)["']""", body):
            address = urlsplit(urljoin(pod.address + path, part))
            if address.netloc == urlsplit(pod.address).netloc:
                paths.add(address.path)
            else:
                assert not part.endswith((".js", ".css")), f"{path} needs {part}"
    for path in sorted(paths):
        with urllib.request.urlopen(pod.address + path, timeout=20) as answer:
            assert answer.status == 200, path


def stopped_under_load(pod: Pod) -> dict[str, Any]:
    """`docker stop` under load: whatever was sent before its connection's close was announced is answered."""
    clients = KeepAliveClients(pod.port, requests_of(list(registry.SERVICES)), CONNECTIONS, MAX_PAUSE_SECONDS)

    async def stop() -> int:
        asking = asyncio.create_task(clients.ask_until_closed())
        await asyncio.sleep(2 * MAX_PAUSE_SECONDS)
        status = await asyncio.to_thread(pod.stop)
        await asking
        return status

    status = asyncio.run(stop())
    outcome = clients.outcome
    assert (outcome.announced, outcome.wrong, outcome.lost) == (CONNECTIONS, [], [])
    assert status in CLEAN_EXITS
    assert pod.log() == ""
    return {"clients": CONNECTIONS, "answered": outcome.right, "lost": 0, "exit_status": status}


@pytest.mark.parametrize("service", registry.SERVICES)
def test_a_pod_of_one_service_answers_its_path_and_404_on_the_others(
    built: BuiltImage, figures: dict[str, Any], service: str
) -> None:
    settings = {**built.settings, "CROSSOVER_SERVICES": service}
    with running_pod(built.docker, TAG, settings, DATA) as pod:
        smoke(pod, service)
        for other in set(registry.SERVICES) - {service}:
            with pytest.raises(HTTPError, match="404") as refused:
                urllib.request.urlopen(f"{pod.address}/{other}", timeout=20)
            refused.value.close()
        figures["pods"].append(measured(built, service, settings, pod, [service]))


def test_two_workers_run_without_rights_and_end_in_silence(built: BuiltImage) -> None:
    with running_pod(built.docker, TAG, {**built.settings, "WORKERS": "2"}, DATA) as pod:
        assert pod.inside() == {
            "first process": ["python3", "-m", "container"],
            "uids": ["10001"],
            "gids": ["10001"],
            "capabilities": [""],
            "no new privileges": ["1"],
            "writable": ["/dev/shm"],  # noqa: S108 - Docker's own memory file system
            "compilers": [],
            "left from building": [],
        }
        smoke(pod)
        assert pod.stop() in CLEAN_EXITS
        assert pod.log() == ""


def test_a_wrong_setting_ends_the_container_in_one_line_with_status_2(built: BuiltImage) -> None:
    command = built.docker.command("run", "--rm", "--network", "none", "--env", "CROSSOVER_SERVICES=nosuch", TAG)
    done = subprocess.run(command, capture_output=True, text=True)
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("WARNING: ")]  # those are the engine's
    assert "CROSSOVER_SERVICES takes" in line
    assert done.returncode == 2
