"""`docs/how-to/add-a-service.md`, followed to the letter in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from local.deploy.chart import manifests, programs
from local.emulator.artifacts import ROOT, TEMPLATE, build
from local.emulator.template import read_template
from tests.support.cluster import Cluster

PAGE = (ROOT / "docs/how-to/add-a-service.md").read_text()
PYTHON_PATH = (".", "layers/shared")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's five steps done."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("functions", "layers", "container", "local"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in re.findall(r"```python file=(\S+)\n(.*?)```", PAGE, re.DOTALL):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    for path, before, line in re.findall(r"```python line-after=(\S+)\n(.*?\n)(.*?\n)```", PAGE, re.DOTALL):
        _replace_once(folder / path, before, before + line)
    for path, resource in re.findall(r"```yaml append-to-resources=(\S+)\n(.*?)```", PAGE, re.DOTALL):
        if not (folder / path).exists():
            shutil.copy(TEMPLATE, folder / path)
        _replace_once(folder / path, "\nResources:\n", "\nResources:\n" + resource + "\n")
    for path, entry in re.findall(r"```yaml append-to-services=(\S+)\n(.*?)```", PAGE, re.DOTALL):
        _replace_once(folder / path, "\nservices:\n", "\nservices:\n" + entry)
    return folder


def _replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@contextmanager
def container(copy: Path, environ: dict[str, str]) -> Iterator[int]:
    """The copy's container on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "container"], cwd=copy, env={**environ, "PORT": str(port)})
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def run(copy: Path, script: str, *python_path: str, arguments: tuple[str, ...] = ()) -> str:
    paths = os.pathsep.join(str(copy / each) for each in python_path or PYTHON_PATH)
    environ = {"PYTHONPATH": paths, "PATH": os.environ["PATH"], "LOG_SAMPLE_RATE": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=copy, env=environ, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_container_serves_the_new_service(copy: Path) -> None:
    script = """
import asyncio, functions
from container.app import build
from container.settings import ContainerSettings
from functions import registry
app = build(registry.load(["collatz"]), ContainerSettings(), {})
sent = []
async def send(message): sent.append(message)
scope = {"type": "http", "path": "/collatz", "query_string": b"from=27", "method": "GET", "headers": []}
asyncio.run(app(scope, None, send))
print(functions.__file__, sent[1]["body"].decode())
"""
    assert run(copy, script) == f"{copy}/functions/__init__.py Crossover,000000000000\n111\n"


def test_lambda_answers_it_from_its_built_artifact(copy: Path) -> None:
    template = read_template(copy / "template.yaml")
    assert template.functions["CollatzFunction"].paths == ("/collatz",)
    built = build(template, "host", copy / "built", say=lambda _: None, root=copy)
    script = """
import functions
from functions.collatz.lambda_handler import handler
print(handler({"parameters": {"from": "27"}}, None)["body"])
"""
    paths = (built.functions["CollatzFunction"], *(layer / "python" for layer in built.layers.values()))
    assert run(copy, script, *map(str, paths)) == "Crossover,000000000000\n111\n"


ASKED = """
asked = [
    ("GET", "/prices/tea", b"", None), ("GET", "/prices/caf%C3%A9%20au%20lait", b"", None),
    ("HEAD", "/prices/tea", b"", None), ("GET", "/prices/none", b"", None), ("GET", "/prices/%ff", b"", None),
    ("POST", "/prices", b'{"tea": 2}', "application/json"),
    ("POST", "/prices", b'{"tea": 1.5}', "application/json"), ("POST", "/prices", b"{", "application/json"),
    ("POST", "/prices", b"{}", "text/plain"), ("POST", "/prices", b" " * 10_001, "application/json"),
    ("DELETE", "/prices", b"", None), ("OPTIONS", "/prices/tea", b"", None), ("GET", "/prices/1/2", b"", None),
]
def shown(status, headers, body):
    names = ("content-type", "allow", "cache-control")
    kept = {name.lower(): value for name, value in headers if name.lower() in names}
    return [status, kept, body.decode()]
"""
OVER_HTTP = """
import http.client, json, sys
connection, answers = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1])), []
for method, path, body, kind in asked:
    connection.request(method, path, body, {"content-type": kind} if kind else {})
    answer = connection.getresponse()
    answers.append(shown(answer.status, answer.getheaders(), answer.read()))
    if answer.getheader("connection") == "close":
        connection.close()
connection.putrequest("POST", "/prices")
connection.putheader("content-type", "application/json")
connection.putheader("transfer-encoding", "chunked")
connection.endheaders()
for piece in (b'{"tea"', b": 3}"):
    connection.send(b"%x\\r\\n%b\\r\\n" % (len(piece), piece))
connection.send(b"0\\r\\n\\r\\n")
answer = connection.getresponse()
print(json.dumps([answers, answer.status, answer.read().decode()]))
"""
SELF_CHECK = """
import os, sys
from functions import registry
from local.serve.selfcheck import self_check
(check,) = self_check(f"http://127.0.0.1:{sys.argv[1]}", registry.load(["prices"]), os.environ)
print(check.url, check.problems)
"""
THROUGH_LAMBDA = """
import json
from datetime import UTC, datetime
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import Call, WireRequest
from local.emulator.routing import parameters, route
from functions.prices.lambda_handler import handler
routes = {("GET", "/prices/{item}"): "P", ("POST", "/prices"): "P"}
found = {}
for name in ("url", "v1", "v2"):
    source, found[name] = EVENT_SOURCES[name], []
    for method, path, body, kind in asked:
        request = WireRequest(method, path, "", (("content-type", kind),) if kind else (), body)
        key = ("ANY", "$default") if name == "url" else route(source, routes, request)
        if key is None:
            found[name].append(None)
            continue
        call = Call("id", datetime.now(UTC), "Root=1", " ".join(key), parameters(source, key, path))
        answer = source.response(json.dumps(handler(source.event(request, call), None)).encode())
        body = b"" if method == "HEAD" else answer.body
        found[name].append(shown(answer.status, answer.headers, body))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def over_http(copy: Path) -> list[Any]:
    """What the container answers, over a socket."""
    paths = os.pathsep.join(str(copy / each) for each in PYTHON_PATH)
    environ = {
        "PYTHONPATH": paths,
        "PATH": os.environ["PATH"],
        "CROSSOVER_SERVICES": "prices,qrcode",
        "DRAIN_SECONDS": "0",
    }
    with container(copy, environ) as port:
        found: list[Any] = json.loads(run(copy, ASKED + OVER_HTTP, arguments=(str(port),)))
        checked = run(copy, SELF_CHECK, arguments=(str(port),)).replace(str(port), "PORT")
    return [*found, checked]


def test_the_container_answers_a_service_of_routes(over_http: list[Any]) -> None:
    answers, status, body, _ = over_http
    assert [answer[0] for answer in answers] == [200, 200, 200, 404, 400, 201, 422, 400, 415, 413, 405, 204, 404]
    assert json.loads(answers[1][2]) == {"item": "café au lait", "cents": 480}
    assert answers[2][2] == ""
    assert answers[5] == [201, {"content-type": "application/json", "cache-control": "no-store"}, '{"cents":700}']
    assert answers[10][1]["allow"] == "POST, OPTIONS"
    assert answers[11][1] == {"allow": "GET, HEAD, OPTIONS"}
    assert (status, body) == (201, '{"cents":1050}')


def test_the_examples_of_routes_are_asked_on_both_platforms(over_http: list[Any]) -> None:
    assert over_http[3] == "http://127.0.0.1:PORT/prices/tea []\n"


def test_lambda_gives_the_same_answers_behind_every_api(copy: Path, over_http: list[Any]) -> None:
    answers = over_http[0]
    found = json.loads(run(copy, ASKED + THROUGH_LAMBDA))
    known_by_the_api = [2, 10, 11, 12]  # HEAD, DELETE, OPTIONS and a path of no route never reach the function
    for name, seen in found.items():
        for number, answer in enumerate(seen):
            if name != "url" and number in known_by_the_api:
                assert answer is None
            elif (name, number) == ("v2", 4):
                assert answer[0] == 404  # the API decodes the path, and bytes that are no UTF-8 are lost
            else:
                kept = {key: value for key, value in answer[1].items() if answer[0] != 204 or key != "content-type"}
                assert [answer[0], kept, answer[2]] == answers[number], (name, number)


def test_the_chart_has_its_pods(copy: Path) -> None:
    try:
        programs.helm()
    except programs.NotHere as problem:
        pytest.skip(f"NOT RUN: the chart is not rendered: {problem}")
    run(copy, "from local.deploy.chart import schema as s; s.SCHEMA.write_text(s.renewed(s.SCHEMA.read_text()))")
    chart = copy / "container/chart"
    values = ("--values", str(chart / "values-nodes.yaml"), "--values", str(manifests.EXAMPLE))
    rendered = manifests.objects(manifests.run("template", "crossover", str(chart), *values))
    assert {"collatz", "prices"} <= set(Cluster(rendered).services)


def test_the_new_service_keeps_the_rules(copy: Path) -> None:
    for command in (("ruff", "check", "functions"), ("cfn-lint", "template.yaml")):
        subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], cwd=copy, check=True)
