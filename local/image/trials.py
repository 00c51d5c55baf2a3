"""What a pod of the image is put to: asked, loaded, drained, and looked at from inside. Each raises `Failed`."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

from functions import registry
from local.console import console
from local.image.clients import Clients, Told
from local.image.pod import Pod
from local.load.smoke.selection import cases_here, loaded
from local.paths import ROOT
from local.workloads.cases import Case

LOADED = 6_000
"""Requests of the load."""
MIX = 500
"""Different ones of each service."""
CONNECTIONS = 40
PAUSE = 1.0
"""Seconds between the requests of the calmest client of the drain."""
CLEAN_ENDS = (0, 143)
"""143 is SIGTERM's own: uvicorn raises it again once it has stopped."""


class Failed(RuntimeError):
    """A check failed. The message is one line."""


def say(message: str) -> None:
    """A step that is done, or that takes time."""
    console.print(message, highlight=False, soft_wrap=True)


def restricted(inside: dict[str, Any]) -> None:
    """What the restrictions have come to inside of the pod. Raises `Failed`."""
    expected = {
        "first process": ["python3", "-m", "container"],
        "uids": ["10001"],
        "gids": ["10001"],
        "capabilities": [""],
        "no new privileges": ["1"],
        "writable": ["/dev/shm"],  # noqa: S108 - memory, which the workers' sheets are in
        "compilers": [],
        "left from building": [],
    }
    different = {name: inside[name] for name in expected if inside[name] != expected[name]}
    if different:
        raise Failed(f"inside of the pod: {different}")
    say("inside: uid 10001, no capability, no new privileges, only /dev/shm can be written, no compiler, no leftovers")


def smoke(pod: Pod, services: Sequence[str] = ()) -> None:
    """`crossover smoke`, all answers known. Raises `Failed`."""
    command = [str(Path(sys.executable).with_name("crossover")), "smoke", pod.address, "--json"]
    command += [argument for name in services for argument in ("--service", name)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if not done.stdout.startswith("["):
        raise Failed(f"crossover smoke: {' '.join(done.stderr.split())}")
    rows = json.loads(done.stdout)
    wrong = [row for row in rows if row["verdict"] != "right"]
    if wrong or done.returncode:
        first = {key: wrong[0][key] for key in ("path", "verdict", "problem")} if wrong else done.returncode
        raise Failed(f"crossover smoke: {len(wrong)} of {len(rows)} are not right: {first}; log: {pod.log()[-300:]}")
    say(f"crossover smoke: {len(rows)} answers, all right")


def page_and_docs(pod: Pod) -> None:
    """The page, the docs and all that they refer to come out of the image. Raises `Failed`."""
    seen = set()
    for path in ("/", "/docs", "/redoc"):
        body = ask(pod, path).decode()
        for part in re.findall(r"""(?:src|href)=["']([^"'#]+)["']""", body):
            address = urljoin(pod.address + path, part)
            if urlsplit(address).netloc != urlsplit(pod.address).netloc:
                if part.endswith((".js", ".css")):
                    raise Failed(f"{path} needs {part} from elsewhere")
                continue
            seen.add(urlsplit(address).path)
    for path in sorted(seen | {"/openapi.json", "/metrics", "/status"}):
        ask(pod, path)
    say(f"the page and the docs are there, and the {len(seen)} files that they refer to")


def ask(pod: Pod, path: str) -> bytes:
    """The body of a 200. Raises `Failed`."""
    try:
        with urllib.request.urlopen(pod.address + path, timeout=20) as answer:
            body: bytes = answer.read()
            return body
    except OSError as problem:
        raise Failed(f"{path}: {problem}") from None


def requests_of(names: Sequence[str]) -> list[Case]:
    """The usual mixes of services, in turn, with the right answers."""
    cases = [cases_here(service, of_the_mix=MIX) for service in loaded(names)]
    return [each[number % len(each)] for number in range(MIX) for each in cases]


def load(pod: Pod, names: Sequence[str]) -> Told:
    """`LOADED` requests over connections that stay open. Raises `Failed`."""
    clients = Clients(port_of(pod), requests_of(names), CONNECTIONS)
    asyncio.run(clients.ask(LOADED))
    told = clients.told
    if told.wrong or told.lost or told.right != LOADED:
        raise Failed(
            f"under load: {told.right} right; wrong: {told.wrong[:2]}; lost: {told.lost[:2]}; {pod.log()[-300:]}"
        )
    return told


class Drained(NamedTuple):
    """What clients met from the load through SIGTERM to the end."""

    clients: int
    answered: int
    lost: int
    exit_status: int


def drain(pod: Pod) -> Drained:
    """`docker stop` under load: whatever was sent before its connection's close was announced is answered."""
    clients = Clients(port_of(pod), requests_of(list(registry.SERVICES)), CONNECTIONS, PAUSE)

    async def stopped_under_load() -> int:
        asking = asyncio.create_task(clients.ask_until_told())
        await asyncio.sleep(2 * PAUSE)
        status = await asyncio.to_thread(pod.stop)
        await asking
        return status

    status = asyncio.run(stopped_under_load())
    told = clients.told
    if told.lost or told.wrong or told.announced != CONNECTIONS:
        raise Failed(f"drain: {told.announced} of {CONNECTIONS} told; wrong: {told.wrong[:2]}; lost: {told.lost[:2]}")
    ended(pod, status)
    say(f"docker stop under load: {told.right} answers, all right, none lost; all {CONNECTIONS} clients were told")
    return Drained(CONNECTIONS, told.right, len(told.lost), status)


def ended(pod: Pod, status: int) -> None:
    """A pod that was stopped ended by itself, in silence. Raises `Failed`."""
    if status not in CLEAN_ENDS or pod.log():
        raise Failed(f"the pod ended with status {status}: {pod.log()[-600:]}")


def missing(pod: Pod, path: str) -> bool:
    """Whether a path is nobody's."""
    try:
        with urllib.request.urlopen(pod.address + path, timeout=20):
            return False
    except HTTPError as answer:
        answer.close()
        return answer.code == 404


def port_of(pod: Pod) -> int:
    """Where the pod is published on this machine."""
    return urlsplit(pod.address).port or 0
