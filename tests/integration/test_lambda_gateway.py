"""`crossover lambda`, `invoke` and `events`: the template's functions behind an event source."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from crossover.seam import Service
from crossover.stores import load
from functions.blockchain.handler import SERVICE as BLOCKCHAIN
from functions.qrcode.handler import SERVICE
from local.cli import main
from local.emulator.artifacts import ROOT
from local.emulator.bundle import Bundle, FunctionLimits, from_template
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import SourceFault
from local.emulator.gateway import Gateway, answered
from local.emulator.serve import listen
from local.emulator.spec import FunctionSpec, Scaling
from tests.support.emulation import CODE, gone

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)

CROSSOVER = str(Path(sys.executable).with_name("crossover"))
EXAMPLE = next(example for example in SERVICE.examples if example.result)
ANSWER = f"Crossover,000000000000\n{EXAMPLE.result}"


def crossover(*arguments: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CROSSOVER, *arguments], input=given, capture_output=True, text=True, env={**os.environ, **environ}, cwd=ROOT
    )


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return from_template(FunctionLimits(), environ={"TEAM_NAME": "Ours"})


# --- the gateway, in this process ---


@contextlib.asynccontextmanager
async def gateway(
    functions: list[FunctionSpec], paths: dict[str, str], shape: str, tmp_path: Path
) -> AsyncIterator[Any]:
    routes = {("GET", path): name for path, name in paths.items()}
    config = EmulatorConfig(runtime=tmp_path / "runtime")
    async with Emulator(functions, config, on_record=lambda record: app.add(record)) as emulator:
        app = Gateway(emulator, EVENT_SOURCES[shape], routes)
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


def odd(**scaling: Any) -> FunctionSpec:
    return FunctionSpec("Odd", CODE, "odd.handler", scaling=Scaling(memory_mb=1769, **scaling))


@pytest.mark.parametrize("shape", EVENT_SOURCES)
async def test_every_event_source_serves_the_published_example_through_a_real_environment(
    bundle: Bundle, shape: str, tmp_path: Path
) -> None:
    async with gateway([bundle.functions["qrcode"]], {"/qrcode": "QrcodeFunction"}, shape, tmp_path) as client:
        answer = await client.get(f"/qrcode?{EXAMPLE.query}")
        assert (answer.status_code, answer.text) == (200, f"Ours,000000000000\n{EXAMPLE.result}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await client.get("/nowhere")).status_code == EVENT_SOURCES[shape].fault(SourceFault.NO_ROUTE).status
    mined = BLOCKCHAIN.examples[0]
    routes = {"/blockchain": "BlockchainFunction"}
    async with gateway([bundle.functions["blockchain"]], routes, shape, tmp_path) as client:
        head, _, result = (await client.get(f"/blockchain?{mined.query}")).text.partition("\n")
        assert head == "Ours,000000000000"
        assert BLOCKCHAIN.same(result.encode(), (mined.result or "").encode())


@pytest.mark.parametrize("shape", ["url", "alb"])
async def test_head_is_answered_as_get_is_without_the_body(bundle: Bundle, shape: str, tmp_path: Path) -> None:
    async with gateway([bundle.functions["qrcode"]], {"/qrcode": "QrcodeFunction"}, shape, tmp_path) as client:
        whole = await client.get(f"/qrcode?{EXAMPLE.query}")
        head = await client.head(f"/qrcode?{EXAMPLE.query}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert int(head.headers["content-length"]) == len(whole.content)


def test_a_setting_of_the_emulators_environment_overrides_the_templates(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/twitter.db"
    made = from_template(FunctionLimits(memory_mb=512), environ={"TWITTER_STORE": store, "HOME": "/root"})
    assert made.functions["twitter"].variables["TWITTER_STORE"] == store
    assert made.functions["qrcode"].variables["TEAM_NAME"] == "Crossover"
    assert "HOME" not in made.functions["qrcode"].variables
    assert {each.scaling.memory_mb for each in made.functions.values()} == {512}
    assert set(made.routes) == {("GET", "/blockchain"), ("GET", "/qrcode"), ("GET", "/twitter")}


def test_every_file_of_a_divided_store_is_looked_for_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = from_template(FunctionLimits(), environ={"TWITTER_STORE": "sqlite:///a.db|sqlite:////b.db"})
    assert made.functions["twitter"].variables["TWITTER_STORE"] == f"sqlite:///{tmp_path}/a.db|sqlite:////b.db"


async def test_the_twitter_function_reads_the_store_that_it_is_given(tmp_path: Path) -> None:
    load(f"sqlite:///{tmp_path}/twitter.db", [])
    made = from_template(FunctionLimits(), environ={"TWITTER_STORE": f"sqlite:///{tmp_path}/twitter.db"})
    async with gateway([made.functions["twitter"]], {"/twitter": "TwitterFunction"}, "url", tmp_path) as client:
        answer = await client.get("/twitter?user_id=1&type=both&phrase=a&hashtag=b")
    assert (answer.status_code, answer.text) == (200, "Crossover,000000000000\nINVALID")
    assert answer.headers["x-invalid-reason"].startswith("nothing-to-list")


async def test_a_crash_a_throttle_and_a_bad_answer_have_the_event_sources_own_statuses(tmp_path: Path) -> None:
    for shape, crash, throttle in (("url", 502, 429), ("v2", 500, 503), ("v1", 502, 500), ("alb", 502, 502)):
        raises = FunctionSpec("Raises", CODE, "raises.handler", scaling=Scaling(memory_mb=1769))
        stopped = FunctionSpec("Odd", CODE, "odd.handler", scaling=Scaling(reserved=0))
        routes = {"/raises": "Raises", "/odd": "Odd"}
        async with gateway([raises, stopped], routes, shape, tmp_path) as client:
            assert (await client.get("/raises")).status_code == crash
            assert (await client.get("/odd")).status_code == throttle
            (crashed, throttled) = (await client.get("/_lambda/state")).json()["functions"]
            assert (crashed["errors"], throttled["throttles"]) == (1, 1)


async def test_an_event_source_gives_up_where_the_function_may_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EVENT_SOURCES["v2"], "timeout", 0.2)
    slow = FunctionSpec("Slow", CODE, "raises.handler", scaling=Scaling(memory_mb=1769, timeout=60))
    async with gateway([slow], {"/slow": "Slow"}, "v2", tmp_path) as client:
        monkeypatch.setattr(client._transport.app.emulator.functions["Slow"], "_start", lambda _: None)
        assert (await client.get("/slow")).status_code == 503


async def test_a_post_is_an_invocation_only_where_an_event_sources_routes_have_no_methods(tmp_path: Path) -> None:
    for shape, invocations in (("url", 1), ("v2", 0), ("v1", 0)):
        async with gateway([odd()], {"/odd": "Odd"}, shape, tmp_path) as client:
            answer = await client.post("/odd", content=b"x")
            (shown,) = (await client.get("/_lambda/state")).json()["functions"]
        assert shown["invocations"] == invocations
        if not invocations:
            assert (answer.status_code, answer.content) == (
                EVENT_SOURCES[shape].fault(SourceFault.NO_ROUTE).status,
                EVENT_SOURCES[shape].fault(SourceFault.NO_ROUTE).body,
            )


async def test_the_page_and_its_figures_are_there(tmp_path: Path) -> None:
    async with gateway([odd()], {"/odd": "Odd"}, "url", tmp_path) as client:
        await client.get("/odd")
        page = await client.get("/_lambda")
        assert page.headers["content-type"].startswith("text/html")
        assert "/_lambda/state" in page.text
        (shown,) = (await client.get("/_lambda/state")).json()["functions"]
    assert (shown["invocations"], shown["cold_starts"], shown["states"]["ready"]) == (1, 1, 1)
    assert shown["billed_gb_s"] > 0
    assert shown["peak_mb"] > 5


async def test_a_head_request_is_answered_as_a_get_without_its_body(bundle: Bundle, tmp_path: Path) -> None:
    for shape in ("url", "alb", "alb-multi"):
        async with gateway([bundle.functions["qrcode"]], {"/qrcode": "QrcodeFunction"}, shape, tmp_path) as client:
            get = await client.get(f"/qrcode?{EXAMPLE.query}")
            head = await client.head(f"/qrcode?{EXAMPLE.query}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == get.headers
    async with gateway([bundle.functions["qrcode"]], {"/qrcode": "QrcodeFunction"}, "v2", tmp_path) as client:
        assert (await client.head("/qrcode")).status_code == 404, "the route names GET"


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8081", "x:", "x:abc", "a:b:c", "localhost:1"])
async def test_any_host_header_is_served(bundle: Bundle, host: str, tmp_path: Path) -> None:
    async with gateway([bundle.functions["qrcode"]], {"/{any}": "QrcodeFunction"}, "url", tmp_path) as client:
        client._transport.app.routes[("ANY", "$default")] = "QrcodeFunction"
        assert (await client.get(f"/qrcode?{EXAMPLE.query}", headers={"host": host})).status_code == 200
        assert (await client.get("/healthz", headers={"host": host})).text == "ok"


UNSENDABLE = {
    "status 100": {"statusCode": 100},
    "status 101": {"statusCode": 101, "headers": {"upgrade": "x"}, "multiValueHeaders": {}},
    "a name with a space": {"statusCode": 200, "headers": {"a b": "c"}, "multiValueHeaders": {"a b": ["c"]}},
    "a name with an accent": {"statusCode": 200, "headers": {"é": "c"}, "multiValueHeaders": {"é": ["c"]}},
    "half a pair": {"statusCode": 200, "headers": {"a": "\ud800"}, "multiValueHeaders": {"a": ["\ud800"]}},
}


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_an_answer_that_http_cannot_carry_is_a_bad_answer(name: str, tmp_path: Path) -> None:
    for shape in EVENT_SOURCES:
        source = EVENT_SOURCES[shape]
        async with gateway([odd()], {"/odd": "Odd"}, shape, tmp_path) as client:
            app = client._transport.app
            outcome = await app.emulator.functions["Odd"].invoke(
                json.dumps({"do": "reply", "answer": UNSENDABLE[name]}).encode()
            )
            assert answered(source, outcome) == source.fault(SourceFault.BAD_ANSWER), shape


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The emulator's own server on a socket, with answers that a test chooses."""
    program = f"""
import asyncio, json
from pathlib import Path
from local.emulator.bundle import Bundle
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.serve import ServeOptions, listen, serve
from local.emulator.spec import FunctionSpec, Scaling
function = FunctionSpec("Odd", Path({str(CODE)!r}), "odd.reply", scaling=Scaling(memory_mb=1769, timeout=30))
asyncio.run(serve(Bundle({{"odd": function}}, {{("ANY", "$default"): "Odd"}}), EVENT_SOURCES["url"],
                  listen("127.0.0.1", 0), ServeOptions()))
"""
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout
    found = re.search(r"http://127.0.0.1:(\d+)", server.stdout.readline())
    assert found
    yield "127.0.0.1", int(found[1])
    server.send_signal(signal.SIGINT)
    server.wait(timeout=20)
    server.stdout.close()


def replied(address: tuple[str, int], answer: Any, raw: str = "") -> http.client.HTTPResponse:
    client = http.client.HTTPConnection(*address)
    client.request("POST", "/", raw or json.dumps(answer), {"content-type": "application/json"})
    response = client.getresponse()
    response.content = response.read()  # type: ignore[attr-defined]
    client.close()
    return response


@pytest.mark.parametrize("length", ["1", "100000", "x", "-1"])
def test_a_content_length_that_lies_is_replaced(plain_server: tuple[str, int], length: str) -> None:
    answer = {"statusCode": 200, "body": "hello", "headers": {"Content-Length": length, "Transfer-Encoding": "x"}}
    response = replied(plain_server, answer)
    assert (response.status, response.content) == (200, b"hello")  # type: ignore[attr-defined]
    assert response.headers["content-length"] == "5"


def test_a_status_without_a_body_has_none(plain_server: tuple[str, int]) -> None:
    for status in (204, 304):
        response = replied(plain_server, {"statusCode": status, "body": "hello"})
        assert (response.status, response.content) == (status, b"")  # type: ignore[attr-defined]


def test_accepted_connections_do_not_wait_for_acknowledgements() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


# --- the Invoke API ---


async def test_boto3_invokes_a_function_by_its_name(tmp_path: Path, plain_server: tuple[str, int]) -> None:
    lambda_ = boto3.client(
        "lambda",
        endpoint_url=f"http://{plain_server[0]}:{plain_server[1]}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

    def invoke(name: str = "Odd", **options: Any) -> Any:
        return lambda_.invoke(FunctionName=name, **options)

    answer = invoke(Payload=b'{"body": "hi", "print": "seen"}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == "hi"
    assert base64.b64decode(answer["LogResult"]) == b"seen\n"
    assert json.loads(invoke(Payload=b"{}")["Payload"].read()) is None
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    assert json.loads(invoke(ClientContext=context)["Payload"].read()) == {"a": "b"}
    assert invoke("arn:aws:lambda:us-east-1:000000000000:function:Odd", Qualifier="$LATEST")["StatusCode"] == 200
    failed = invoke(Payload=b'{"body": 5, "raise": true}')
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    assert json.loads(failed["Payload"].read())["errorType"] == "ValueError"
    assert invoke(InvocationType="DryRun")["StatusCode"] == 204
    kept = tmp_path / "kept"
    queued = invoke(InvocationType="Event", Payload=json.dumps({"body": "x", "write": str(kept)}).encode())
    assert (queued["StatusCode"], queued["Payload"].read()) == (202, b"")
    for _ in range(1000):
        if kept.exists():
            break
        await asyncio.sleep(0.01)
    assert kept.exists()
    for problem, options in (
        ("ResourceNotFoundException", {"name": "Nothing"}),
        ("ResourceNotFoundException", {"name": "Odd:live"}),
        ("InvalidRequestContentException", {"Payload": b"{"}),
        ("InvalidRequestContentException", {"Payload": b"[" * 100_000}),
        ("InvalidRequestContentException", {"ClientContext": base64.b64encode(b"{").decode()}),
        ("InvalidRequestContentException", {"ClientContext": "e30" * 2_000}),
        ("RequestTooLargeException", {"Payload": b'"' + b"x" * 6_291_555 + b'"'}),
        ("RequestTooLargeException", {"Payload": b'"' + b"x" * 1_048_575 + b'"', "InvocationType": "Event"}),
    ):
        with pytest.raises(ClientError) as refused:
            invoke(**options)  # type: ignore[arg-type]
        assert refused.value.response["Error"]["Code"] == problem


async def test_the_invoke_api_refuses_other_calls_and_says_that_a_function_is_throttled(tmp_path: Path) -> None:
    stopped = FunctionSpec("Odd", CODE, "odd.handler", scaling=Scaling(reserved=0))
    async with gateway([stopped], {"/odd": "Odd"}, "url", tmp_path) as client:
        path = "/2015-03-31/functions/Odd/invocations"
        throttled = await client.post(path)
        assert (throttled.status_code, throttled.headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
        assert throttled.json()["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert (await client.get(path)).status_code == 405
        assert (await client.post(path, headers={"x-amz-invocation-type": "Odd"})).status_code == 400


# --- what an entry imports ---

BUDGETS = {"qrcode": 130, "twitter": 130, "blockchain": 220}
"""Modules that an entry may load at INIT, the interpreter's own among them. gmpy2 alone reads `importlib.metadata`."""
FIRST_NEEDED_LATER = {"asyncio", "mangum", "aws_lambda_powertools", "typing_extensions", "sqlite3"}
HEAVY = {"boto3", "botocore", "fastapi", "starlette", "pydantic", "uvicorn", "pymysql", "segno", "numpy", "pyarrow"}


@pytest.mark.parametrize("service", ["blockchain", "qrcode", "twitter"])
def test_an_entry_imports_little_and_nothing_heavy(bundle: Bundle, service: str) -> None:
    function = bundle.functions[service]
    path = [str(function.code), *(str(layer / "python") for layer in function.layers)]
    entry = function.handler.rpartition(".")[0]
    program = f"import sys; sys.path[:0] = {path}; import {entry}; print('\\n'.join(sys.modules))"
    arguments = [sys.executable, "-S", "-B", "-P", "-c", program]
    modules = subprocess.run(arguments, env=dict(function.variables), capture_output=True, text=True, check=True).stdout
    loaded = {module.partition(".")[0] for module in modules.split()}
    assert not loaded & (HEAVY | FIRST_NEEDED_LATER) - ({"typing_extensions"} if service == "blockchain" else set())
    assert len(modules.split()) <= BUDGETS[service]


# --- the commands ---


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, subprocess.Popen[str]]]:
    records = tmp_path_factory.mktemp("lambda") / "records.jsonl"
    command = [CROSSOVER, "lambda", "--port", "0", "--records", str(records)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found
    yield found[0], records, server
    server.send_signal(signal.SIGINT)
    server.wait(timeout=20)
    server.stdout.close()


def test_the_command_serves_the_functions_and_writes_a_record_an_invocation(
    served: tuple[str, Path, subprocess.Popen[str]],
) -> None:
    address, records, _ = served
    answer = httpx.get(f"{address}/qrcode?{EXAMPLE.query}")
    assert (answer.status_code, answer.text) == (200, ANSWER)
    record = json.loads(records.read_text().splitlines()[-1])
    assert (record["function"], record["ending"]) == ("QrcodeFunction", "success")


def test_a_long_request_line_gets_the_event_sources_answer_and_an_endless_one_is_cut_off(
    served: tuple[str, Path, subprocess.Popen[str]],
) -> None:
    host, port = served[0].removeprefix("http://").split(":")
    client = http.client.HTTPConnection(host, int(port))
    client.request("GET", "/qrcode?data=" + "x" * 20_000)
    assert client.getresponse().status == 414
    client.close()
    with socket.create_connection((host, int(port)), timeout=20) as endless:
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 60_000_000:
                sent += endless.send(b"x" * 65_536)
    assert sent < 60_000_000


async def test_ctrl_c_ends_the_emulator_and_all_its_environments() -> None:
    server = subprocess.Popen([CROSSOVER, "lambda", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found
    assert httpx.get(f"{found[0]}/qrcode?{EXAMPLE.query}").status_code == 200
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    assert len(children) == 2, "an environment and the reaper"
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=20) in (0, 130)
    server.stdout.close()
    for pid in children:
        await gone(int(pid))


@pytest.mark.parametrize("service", [SERVICE, BLOCKCHAIN], ids=lambda service: service.name)
def test_an_event_that_is_written_can_be_invoked(service: Service) -> None:
    example = service.examples[0]
    written = crossover("events", service.name, example.query, "--shape", "alb")
    invoked = crossover("invoke", service.name, "--json", given=written.stdout, TEAM_NAME="Mine")
    assert invoked.returncode == 0, invoked.stderr
    result = json.loads(invoked.stdout)
    head, _, said = result["answer"]["body"].partition("\n")
    assert head == "Mine,000000000000"
    assert service.same(said.encode(), (example.result or "").encode())
    assert result["init_ms"] > 0


def test_invoke_prints_the_answer_and_the_report_line() -> None:
    event = json.dumps({"parameters": {"type": "encode", "data": "CC Team"}})
    invoked = crossover("invoke", "QrcodeFunction", "--event", "-", given=event)
    answer, report = invoked.stdout.strip().splitlines()
    assert json.loads(answer)["body"] == ANSWER
    assert re.match(r"REPORT RequestId: [0-9a-f-]{36}\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\t", report)


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (["invoke", "nope"], "", "no service is called 'nope'; there are: blockchain, qrcode, twitter"),
        (["invoke", "qrcode"], "[" * 100_000, "the event is no JSON"),
        (["invoke", "nothing"], "{}", "no service is called 'nothing'; there are: blockchain, qrcode, twitter"),
        (["invoke", "qrcode"], "{", "the event is no JSON"),
        (["invoke", "qrcode", "--event", "/nowhere"], "", "cannot read /nowhere"),
        (["invoke", "qrcode", "--memory", "64"], "{}", "give 128 to 10,240"),
        (["invoke", "qrcode"], json.dumps("x" * 6_291_600), "larger than Lambda takes"),
        (["events", "nothing", "data=a"], "", "no service is called 'nothing'; there are: blockchain, qrcode, twitter"),
        (["events", "qrcode", "data=a b"], "", "write %20 for a space"),
        (["events", "qrcode", "data=" + "x" * 20_000], "", "url too long"),
        (["lambda", "--timeout", "1000"], "", "give 1 to 900"),
        (["lambda", "--host", "203.0.113.1"], "", "cannot listen on 203.0.113.1"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    arguments: list[str], given: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    with pytest.raises(SystemExit) as end:
        main(arguments)
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("crossover: ")]
    assert (end.value.code, len(errors)) == (2, 1)
    assert says in errors[0]
