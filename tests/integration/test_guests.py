"""Applications of other projects: served by uvicorn and through emulated Lambda environments, alike."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.child import Child, answers, free_port, running, wait_until
from local.cost.files import WORKLOADS
from local.errors import UserError
from local.guest.application import guest_of
from local.guest.check import checked
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


@pytest.mark.essential
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
    port = () if command[0] == "invoke" else ("--port", str(free_port()))
    ran = crossover(*command, *port, "--app", "broken:app")
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
        sqlite3.connect(Path("notes.db")).close()
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
    requests = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert requests == [{"method": "GET", "path": "/now"}]
    assert "1 left out: POST /orders: its body has no example" in made.stdout
    again = crossover("init", cwd=tmp_path)
    assert (again.returncode, "--force replaces it" in again.stderr) == (2, True)


def test_init_asks_for_the_application_where_it_finds_none(tmp_path: Path) -> None:
    ran = crossover("init", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (
        2,
        f"crossover: {tmp_path} has no application; name yours with --app MODULE:NAME\n",
    )


def test_a_load_checks_every_answer_against_the_recorded_one(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()  # named as the tool's own package
    (tmp_path / "local" / "__init__.py").touch()
    (tmp_path / "local" / "main.py").write_text(FORGETFUL)
    (tmp_path / "requests.jsonl").write_text('{"path": "/a"}\n{"path": "/b"}')
    options = ("--request-file", "requests.jsonl", "--requests", "40", "--connections", "1", "--behaviour", "--json")
    ran = crossover("load", "--app", "local.main:app", *options, cwd=tmp_path)
    said = json.loads(ran.stdout)
    assert (ran.returncode, said["right"], said["wrong"], said["errors"]) == (1, 25, 15, {})
    assert said["differences"] == {"GET /b: body.right: 'true', 'false'": 15}
    ran = crossover("load", "--app", "local.main:app", *options, "--ignore", "right", cwd=tmp_path)
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


ANSWERS = "async def app(scope, receive, send): ...\n"


@pytest.mark.parametrize(
    "text",
    [
        "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n",
        "import os\nos.fork()\n",
        "import sys\nprint('{' * 9)\nsys.stderr.write('crossover: not me')\nsys.stdin.read()\n",
    ],
    ids=("a child that stays", "two of one", "output and input"),
)
def test_what_an_import_does_besides_does_not_disturb_its_check(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(text + ANSWERS)
    begun = time.monotonic()
    assert checked(guest_of("main:app", tmp_path, None, ())).kind == "asgi"
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nprint('bye')\nos._exit(0)", "the interpreter ended with status 0; its last line: bye"),
        ("exit(3)", "SystemExit: 3"),
        ("def f(): return f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        ("import os\nos.kill(os.getpid(), 11)", "the interpreter was ended by SIGSEGV"),
        ("x = bytearray(2**50)", 'MemoryError (File "'),
        ("open('x', 'wb').truncate(2**40)", "OSError: [Errno 27] File too large"),
    ],
)
def test_an_import_that_goes_wrong_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(text)
    with pytest.raises(UserError) as problem:
        checked(guest_of("main:app", tmp_path, None, ()))
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_processes_of_a_check_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "import os, time\nif os.fork() == 0:\n    open('pid', 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
        f"while not os.path.exists('pid') or not os.path.getsize('pid'): time.sleep(0.01)\n{ANSWERS}"
    )
    checked(guest_of("main:app", tmp_path, None, ()))
    assert wait_until(lambda: not alive(int((tmp_path / "pid").read_text())), 5)


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie of another parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("host", ["nosuch.invalid", "192.0.2.1"])
def test_an_address_that_cannot_be_listened_on_is_one_line(host: str) -> None:
    ran = crossover("serve", "--app", "wsgi_app", "--host", host)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert f"cannot listen on {host}:8080" in ran.stderr


@pytest.mark.parametrize("command", ["serve", "lambda", "aws"])
def test_an_empty_address_is_refused(command: str) -> None:
    ran = crossover(command, "--host", "")
    assert (ran.returncode, "0.0.0.0 is every interface" in ran.stderr) == (2, True)
