"""Applications of other projects: served by uvicorn and through emulated Lambda environments, alike."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.child import Child, answers, free_port, running
from local.cost.files import WORKLOADS
from local.guest.application import guest_of
from local.measure.guests.inspection import inspect
from local.workloads.requests.recorded import RecordedRequest
from tests.support.guest import CROSSOVER, GUESTS, crossover

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)


@pytest.fixture(scope="module", params=["serve", "lambda"])
def shop(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the shop on each platform."""
    port = free_port()
    command = [CROSSOVER, request.param, "--app", "shop.main:app", "--directory", str(GUESTS), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with running(
        Child(command, output=-3),
        lambda: answers(f"{address}/now"),
        ready_seconds=60,
        stop_signal=signal.SIGINT,
    ):
        yield address


def test_each_route_answers_the_same_on_both_platforms(shop: str) -> None:
    item = httpx.get(f"{shop}/items/2", timeout=30)
    assert (item.status_code, item.json()) == (200, {"id": 2, "name": "café", "starts": 1})
    assert httpx.get(f"{shop}/items/3", timeout=30).json() == {"detail": "no such item"}
    order = httpx.post(f"{shop}/orders", json={"item": 1, "count": 2}, timeout=30)
    assert (order.status_code, order.json()) == (201, {"item": 1, "count": 2})
    assert httpx.post(f"{shop}/orders", json={"item": 1, "count": 0}, timeout=30).status_code == 422
    assert httpx.delete(f"{shop}/items/1", timeout=30).status_code == 405
    assert httpx.get(f"{shop}/nosuch", timeout=30).status_code == 404


def test_the_lifespan_is_run_once_and_its_state_reaches_every_request(shop: str) -> None:
    assert {httpx.get(f"{shop}/items/1", timeout=30).json()["starts"] for _ in range(5)} == {1}


def test_invoke_runs_one_request_of_a_wsgi_application() -> None:
    ran = crossover("invoke", "--app", "wsgi_app", "--request", "POST /a?b=c", "--data", '{"x":1}', "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["answer"]["body"] == 'POST /a?b=c {"x":1}'


def test_a_folder_with_spaces_and_variables_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "my app"
    folder.mkdir()
    text = "import os\nasync def app(scope, receive, send):\n"
    text += "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
    text += "    await send({'type': 'http.response.body', 'body': os.environ['GREETING'].encode()})\n"
    (folder / "main.py").write_text(text)
    options = ("--app", "main:app", "--directory", str(folder), "--env", "GREETING=good day")
    ran = crossover("invoke", *options, "--request", "GET /", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["answer"]["body"] == "good day"


@pytest.mark.parametrize(
    "command", [("serve",), ("lambda",), ("invoke", "--request", "GET /")], ids=lambda words: words[0]
)
def test_a_module_that_fails_at_import_is_one_line_with_its_last_frame(command: tuple[str, ...]) -> None:
    ran = crossover(*command, "--app", "broken:app")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "broken cannot be imported: ModuleNotFoundError: No module named 'nosuch_library'" in ran.stderr
    assert f'(File "{GUESTS}/broken.py", line 3, in <module>)' in ran.stderr


def test_a_service_and_an_application_together_are_refused() -> None:
    ran = crossover("invoke", "qrcode", "--app", "shop.main:app", given="{}")
    assert (ran.returncode, ran.stderr) == (2, "crossover: invoke takes qrcode or --app, not both\n")


def test_inspecting_finds_work_after_the_answer_and_files_written(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(NOTES)
    requests = [RecordedRequest("POST", "/notes", (), b"a"), RecordedRequest("GET", "/parts")]
    seen = inspect(guest_of("main:app", tmp_path, None, ()), requests)
    assert seen.written == [str(tmp_path / "notes.txt"), str(tmp_path / "notes.db")]
    assert seen.streamed == [1]
    (late,) = [ms for number, ms in seen.after_answer_ms if number == 0]
    assert late >= 30
    assert seen.tasks == 1


NOTES = """
import asyncio
import sqlite3
from pathlib import Path

tasks = []

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan here")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["method"] == "POST":
        Path("notes.txt").open("w").close()
        sqlite3.connect("notes.db").close()
        sqlite3.connect(":memory:").close()
        tasks.append(asyncio.create_task(asyncio.sleep(60)))
        await send({"type": "http.response.body", "body": b"kept"})
        await asyncio.sleep(0.03)
    else:
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})
"""


@pytest.mark.heavy
def test_a_comparison_measures_prices_and_reports_an_application(tmp_path: Path) -> None:
    lines = [
        {"path": "/items/1"},
        {"path": "/items/9"},
        {"path": "/now"},
        {"method": "POST", "path": "/orders", "json": {"item": 1, "count": 2}},
    ]
    requests = tmp_path / "shop.jsonl"
    requests.write_text("\n".join(map(json.dumps, lines)))
    report = tmp_path / "report"
    ran = crossover(
        "compare", "--quick", "--app", "shop.main:app", "--requests", str(requests), "--report", str(report), "--json"
    )
    assert ran.returncode == 0, ran.stderr
    data = json.loads((report / "results" / "compare.json").read_text())["data"]
    for figures in (data["container"]["shop"], data["lambda"]["shop"]):
        assert (figures["wrong"], figures["errors"]) == (0, 0)
        assert figures["right"] == figures["requests"] > 0
    assert [finding["detail"] for finding in data["findings"] if finding["kind"] == "answers differ"] == []
    assert any("POST /orders: works" in finding["detail"] for finding in data["findings"])
    assert (report / "works" / "shop.toml").is_file()
    page = (report / "index.html").read_text()
    assert "the caller waits for it" in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--app needs --requests FILE"),
        (("--requests", "nosuch.har"), "cannot read nosuch.har: No such file or directory"),
        (("--requests", "broken.py", "--mix", "qrcode=1"), "--work and --mix are for the bundle's services"),
    ],
)
def test_a_comparison_that_cannot_begin_is_one_line(options: tuple[str, ...], said: str) -> None:
    ran = crossover("compare", "--app", "shop.main:app", *options)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert said in ran.stderr


def test_the_worker_threads_of_the_wsgi_adapter_are_no_finding() -> None:
    seen = inspect(guest_of("wsgi_app", GUESTS, None, ()), [RecordedRequest("GET", "/a")])
    assert (seen.threads, seen.tasks, seen.written) == (0, 0, [])


def test_init_writes_what_the_commands_then_read(tmp_path: Path) -> None:
    shutil.copytree(GUESTS / "shop", tmp_path / "shop")
    made = crossover("init", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert 'app = "shop.main:app"' in (tmp_path / "crossover.toml").read_text()
    ran = crossover("invoke", "--request", "GET /items/1", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(json.loads(ran.stdout)["answer"]["body"])["name"] == "tea"
    again = crossover("init", cwd=tmp_path)
    assert (again.returncode, "--force replaces it" in again.stderr) == (2, True)


def test_init_asks_for_the_application_where_it_finds_none(tmp_path: Path) -> None:
    ran = crossover("init", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (
        2,
        f"crossover: {tmp_path} has no application; name yours with --app MODULE:NAME\n",
    )


def test_a_load_checks_every_answer_against_the_recorded_one(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(FORGETFUL)
    (tmp_path / "requests.jsonl").write_text('{"path": "/a"}\n{"path": "/b"}')
    options = ("--request-file", "requests.jsonl", "--requests", "40", "--connections", "1", "--behaviour", "--json")
    ran = crossover("load", "--app", "main:app", *options, cwd=tmp_path)
    said = json.loads(ran.stdout)
    assert (ran.returncode, said["right"], said["wrong"], said["errors"]) == (1, 25, 15, {})
    assert said["differences"] == {"GET /b: body.right: 'true', 'false'": 15}
    ran = crossover("load", "--app", "main:app", *options, "--ignore", "right", cwd=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["right"]) == (0, 40)


FORGETFUL = """
import json
asked = []

async def app(scope, receive, send):
    asked.append(scope["path"])
    right = scope["path"] == "/a" or asked.count("/b") < 8
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"right": right, "count": len(asked)}).encode()})
"""


def test_costs_are_those_of_the_measured_work_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "crossover.toml").write_text('app = "main:app"')
    ran = crossover("cost", "lambda-url", "--rate", "10", cwd=tmp_path)
    assert (ran.returncode, "is not measured: run crossover compare" in ran.stderr) == (2, True)
    works = tmp_path / "report" / "works"
    works.mkdir(parents=True)
    shutil.copy(WORKLOADS / "qrcode.toml", works / f"{tmp_path.name}.toml")
    ran = crossover("cost", "lambda-url", "--rate", "10", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, f"For the workload in report/works/{tmp_path.name}.toml.\n")
