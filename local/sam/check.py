"""`make test-sam`: the template through `sam build`, `sam local invoke` and `sam local start-api`, answers checked.

Run as `python -m local.sam.check`, by root on Debian. What it makes stays in .build/sam: a second run is faster.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from crossover.runner import InlineRunner
from crossover.stores import open_store
from functions.registry import load
from local.console import console, error_line
from local.emulator.template import read_template
from local.engine import private
from local.paths import ROOT
from local.sam import image
from local.workloads.mix import result_of

WORK = ROOT / ".build" / "sam"
SAM = WORK / "venv" / "bin" / "sam"
TWEETS = 300
INVALID = "INVALID"
START_SECONDS = 60


class Case(NamedTuple):
    """A request, and what it has to be answered with: the first line, and a result that says the same."""

    function: str
    service: str
    query: str
    first_line: str
    result: str
    same: Callable[[bytes, bytes], bool]


class Failed(RuntimeError):
    """A check failed. The message is one line."""


def main() -> int:
    """Runs everything; returns the exit status."""
    try:
        private.require()
        install()
        validate()
        with private.running() as address:
            console.print("the engine runs; making the stand-in image")
            version = image.build(address, WORK)
            console.print(f"stand-in image: Debian's Python {version} with AWS's runtime client")
            source = stage(version)
            cases = list(cases_of(source))
            template = sam_build(source, version, address)
            for case in cases:
                invoke(template, case, address)
            with start_api(template, address) as api:
                for case in cases:
                    ask(api, case)
    except private.NoEngine as problem:
        error_line(str(problem))
        return 2
    except Failed as problem:
        error_line(str(problem))
        return 1
    console.print("[green]sam build, sam local invoke and sam local start-api: every answer is right[/green]")
    return 0


def install() -> None:
    """SAM CLI in an environment of its own: its pins are not ours."""
    stamp, lock = WORK / "venv" / ".lock", (ROOT / "local/sam/requirements.txt").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return
    console.print("installing SAM CLI")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(WORK / "venv")], check=True)
    target = ["--python", str(WORK / "venv/bin/python"), "--require-hashes", "--no-deps"]
    subprocess.run([uv, "pip", "install", "--quiet", *target, "-r", "local/sam/requirements.txt"], check=True, cwd=ROOT)
    stamp.write_text(lock)


def validate() -> None:
    """`sam validate --lint` on the template as it is."""
    (WORK / "home").mkdir(exist_ok=True)
    template = str(ROOT / "template.yaml")
    run(sam("validate", "--lint", "--template", template, "--region", "us-east-1"), cwd=WORK, env=environment(""))
    console.print("sam validate --lint: clean")


def stage(version: str) -> Path:
    """A copy of the sources with a store of synthetic tweets; its template asks for the image's Python."""
    source = WORK / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for folder in ("functions", "layers"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    template = (ROOT / "template.yaml").read_text()
    (source / "template.yaml").write_text(re.sub(r"python3\.\d+", f"python{version}", template))
    crossover = str(Path(sys.executable).with_name("crossover"))
    tweets, popular = str(WORK / "tweets.json"), str(WORK / "popular.txt")
    store = f"sqlite:///{source / 'layers/store/twitter.db'}"
    make = [crossover, "tweets", "--count", str(TWEETS), "--out", tweets, "--popular", popular]
    for command in (make, [crossover, "etl", tweets, "--popular", popular, "--store", store]):
        subprocess.run(command, check=True, capture_output=True)
    return source


def cases_of(source: Path) -> Iterator[Case]:
    """Every example of every service, and a user of the store, answered by the service alone."""
    template = read_template(source / "template.yaml")
    functions = {function.service: function for function in template.functions.values()}
    runner = InlineRunner(open_store(f"sqlite:///{source / 'layers/store/twitter.db'}"))
    for service in load():
        function = functions[service.name]
        head = f"{function.environment['TEAM_NAME']},{function.environment['TEAM_AWS_ACCOUNT']}\n"
        for example in service.examples:
            result = result_of(service, example.query, runner).decode()
            if example.result is not None and not service.same(result.encode(), example.result.encode()):
                raise Failed(f"{service.name} does not give its published result")
            yield Case(function.name, service.name, example.query, head, result, service.same)
        if service.stored:
            queries = (f"user_id={user}&type=both&phrase=a&hashtag=b" for user in users())
            answers = ((query, result_of(service, query, runner).decode()) for query in queries)
            query, result = next(pair for pair in answers if pair[1] != INVALID)
            yield Case(function.name, service.name, query, head, result, service.same)


def users() -> Iterator[int]:
    """The senders of the synthetic tweets that are whole."""
    for line in (WORK / "tweets.json").read_bytes().split(b"\n"):
        with suppress(ValueError, KeyError, TypeError):
            yield int(json.loads(line)["user"]["id"])


def sam(*arguments: str) -> list[str]:
    """A SAM command line."""
    return [str(SAM), *arguments]


def environment(address: str) -> dict[str, str]:
    """What SAM runs with: this test's engine, no telemetry, no account."""
    return {
        "PATH": f"/usr/bin:/bin:{os.environ['PATH']}",
        "HOME": str(WORK / "home"),
        "DOCKER_HOST": address,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


def sam_build(source: Path, version: str, address: str) -> Path:
    """Builds for this machine and the image's Python; gives the built template."""
    console.print("sam build")
    machine = "aarch64" if image.architecture() == "arm64" else "x86_64"
    platforms = f"manylinux_2_28_{machine} manylinux2014_{machine}"
    variables = {"PYTHON": sys.executable, "PYTHON_VERSION": version, "PLATFORMS": platforms}
    out = WORK / "built"
    overrides = f"Architecture={image.architecture()}"
    command = sam("build", "--template", "template.yaml", "--build-dir", str(out), "--parameter-overrides", overrides)
    command += ["--cache-dir", str(WORK / "cache")]
    run(command, cwd=source, env={**environment(address), **variables})
    return out / "template.yaml"


LOCAL = ("--skip-pull-image", "--region", "us-east-1", "--layer-cache-basedir", str(WORK / "layers"))


def overrides() -> list[str]:
    """The template's parameter for this machine."""
    return ["--parameter-overrides", f"Architecture={image.architecture()}"]


def invoke(template: Path, case: Case, address: str) -> None:
    """`sam local invoke` with a Function URL's event."""
    events = [str(Path(sys.executable).with_name("crossover")), "events", case.service, case.query]
    event = WORK / "event.json"
    event.write_text(subprocess.run(events, check=True, capture_output=True, text=True).stdout)
    command = sam("local", "invoke", case.function, "--event", str(event), "--template", str(template), *LOCAL)
    output = run(command + overrides(), cwd=WORK, env=environment(address))
    answer = json.loads(output.strip("\n").split("\n")[-1])
    check("sam local invoke", case, answer.get("statusCode"), answer.get("body"))


@contextmanager
def start_api(template: Path, address: str) -> Iterator[str]:
    """`sam local start-api` on a free port; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = sam("local", "start-api", "--port", str(port), "--template", str(template), *LOCAL) + overrides()
    with (WORK / "start-api.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=WORK, env=environment(address), stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_SECONDS
            while server.poll() is None and time.monotonic() < deadline:
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.2)
            else:
                raise Failed(f"sam local start-api did not start; {log.name} says why")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def ask(address: str, case: Case) -> None:
    """A request to `sam local start-api`."""
    try:
        with urllib.request.urlopen(f"{address}/{case.service}?{case.query}", timeout=60) as answer:
            check("sam local start-api", case, answer.status, answer.read().decode())
    except urllib.error.HTTPError as answer:
        check("sam local start-api", case, answer.code, answer.read().decode())


def check(way: str, case: Case, status: object, body: object) -> None:
    """Compares an answer with what it has to be. Raises `Failed`."""
    first_line, feed, result = str(body).partition("\n")
    right = status == 200 and first_line + feed == case.first_line and case.same(result.encode(), case.result.encode())
    if not right:
        raise Failed(f"{way} {case.function} '{case.query}' answered {status}: {str(body)[:300]!r}")
    console.print(f"{way} {case.function} '{case.query}': right ({len(result)} characters)", soft_wrap=True)


def run(command: list[str], cwd: Path, env: dict[str, str]) -> str:
    """A command's standard output. Raises `Failed` with the end of what it said."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command[1:4])}: {(done.stderr or done.stdout).strip()[-900:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
