"""`docs/how-to/add-a-service.md`, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

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
    ((path, before, line),) = re.findall(r"```python line-after=(\S+)\n(.*?\n)(.*?\n)```", PAGE, re.DOTALL)
    registry = (folder / path).read_text()
    assert registry.count(before) == 1
    (folder / path).write_text(registry.replace(before, before + line))
    ((path, resource),) = re.findall(r"```yaml append-to-resources=(\S+)\n(.*?)```", PAGE, re.DOTALL)
    (folder / path).write_text(TEMPLATE.read_text().replace("Resources:\n", "Resources:\n" + resource + "\n"))
    ((path, entry),) = re.findall(r"```yaml append-to-services=(\S+)\n(.*?)```", PAGE, re.DOTALL)
    values = (folder / path).read_text()
    assert values.count("\nservices:\n") == 1
    (folder / path).write_text(values.replace("\nservices:\n", "\nservices:\n" + entry))
    return folder


def run(copy: Path, script: str, *python_path: str) -> str:
    paths = os.pathsep.join(str(copy / each) for each in python_path or PYTHON_PATH)
    environ = {"PYTHONPATH": paths, "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", script], cwd=copy, env=environ, capture_output=True, text=True)
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


def test_the_chart_has_its_pods(copy: Path) -> None:
    try:
        programs.helm()
    except programs.NotHere as problem:
        pytest.skip(f"NOT RUN: the chart is not rendered: {problem}")
    run(copy, "from local.deploy.chart import schema as s; s.SCHEMA.write_text(s.renewed(s.SCHEMA.read_text()))")
    chart = copy / "container/chart"
    values = ("--values", str(chart / "values-nodes.yaml"), "--values", str(manifests.EXAMPLE))
    rendered = manifests.objects(manifests.run("template", "crossover", str(chart), *values))
    assert "collatz" in Cluster(rendered).services


def test_the_new_service_keeps_the_rules(copy: Path) -> None:
    for command in (("ruff", "check", "functions"), ("cfn-lint", "template.yaml")):
        subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], cwd=copy, check=True)
