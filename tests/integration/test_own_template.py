"""A SAM template of another project: built, served and invoked without Docker."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.child import Child, answers, free_port, running
from tests.support.guest import CROSSOVER, crossover

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)
STACK = Path(__file__).parents[1] / "support" / "stack"
WHEEL = "kept-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template in a folder with a space, its requirement a wheel beside it: no network is needed."""
    folder = tmp_path_factory.mktemp("their stack") / "a stack"
    shutil.copytree(STACK, folder)
    with zipfile.ZipFile(folder / "orders" / WHEEL, "w") as wheel:
        wheel.writestr("kept.py", 'NAME = "of the requirements"\n')
        wheel.writestr("kept-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: kept\nVersion: 1.0\n")
        wheel.writestr("kept-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("kept-1.0.dist-info/RECORD", "")
    (folder / "orders" / "requirements.txt").write_text(f"./{WHEEL}\n")
    (folder / "samconfig.toml").write_text("[default.deploy.parameters]\nparameter_overrides = 'Greeting=moin'\n")
    return folder / "template.yaml"


@pytest.fixture(scope="module")
def address(stack: Path) -> Iterator[str]:
    """The address that the template's functions are served at."""
    port = free_port()
    command = [CROSSOVER, "lambda", "--template", str(stack), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with running(
        Child(command, output=-3), lambda: answers(f"{address}/_lambda"), ready_seconds=60, stop_signal=signal.SIGINT
    ):
        yield address


KEPT = ["of the layer", "of the requirements", "moin", "arn:aws:dynamodb:us-east-1:000000000000:Table"]


def test_each_api_answers_on_its_routes(address: str) -> None:
    one = httpx.get(f"{address}/orders/a%20b", timeout=30)
    assert (one.status_code, one.json()) == (201, ["/orders/{id}", {"id": "a%20b"}, None, *KEPT])
    fast = httpx.post(f"{address}/fast/a/b", content="x", headers={"content-type": "text/plain"}, timeout=30)
    assert fast.json() == ["ANY /fast/{proxy+}", {"proxy": "a/b"}, "x", *KEPT]


def test_a_function_url_has_a_name_and_what_no_api_answers(address: str) -> None:
    host = {"host": "site.localhost"}
    assert httpx.put(f"{address}/orders/1", headers=host, timeout=30).json() == "PUT /orders/1"
    assert httpx.get(f"{address}/elsewhere", timeout=30).json() == "GET /elsewhere"


def test_invoke_takes_a_file_a_request_or_an_event_that_is_made(stack: Path, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"Records": [{"body": "of a file"}]}')
    of_a_file = crossover("invoke", "--template", str(stack), "Worker", "--event", str(tmp_path / "event.json"))
    assert json.loads(of_a_file.stdout.splitlines()[0]) == ["of a file"]
    made = crossover("invoke", "--template", str(stack), "Worker", "--event-source", "sqs", "--data", "hi", "--json")
    assert json.loads(made.stdout)["answer"] == ["hi"]
    asked = crossover(
        *("invoke", "--template", str(stack), "--request", "GET /orders/1", "--json"),
        *("--parameter-overrides", "Greeting=hi", "--env", "TABLE=t"),
    )
    answer = json.loads(json.loads(asked.stdout)["answer"]["body"])
    assert answer == ["/orders/{id}", {"id": "1"}, None, "of the layer", "of the requirements", "hi", "t"]


def test_what_is_not_understood_is_said_and_the_rest_runs(stack: Path) -> None:
    ran = crossover("invoke", "--template", str(stack), "Site", "--request", "GET /x")
    assert ran.returncode == 0
    assert "template.yaml: not emulated: AWS::DynamoDB::Table, AWS::SQS::Queue" in ran.stderr
    assert "Broken: there is no folder or zip file nowhere; it is left out" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--template", "none.yaml", "F"), "there is no file none.yaml"),
        (("--template", "{stack}", "Nothing", "--request", "GET /"), "there are: Orders, Site, Worker"),
        (("--template", "{stack}", "--request", "GET /none", "Orders"), "no API has a route for GET /none"),
        (("--template", "{stack}", "--app", "a:b", "F", "--event", "{event}"), "give --app or --template, not both"),
        (("--template", "{stack}", "--event-source", "eventbridge", "--data", "{"), "--data is no JSON"),
        (("--template", "{stack}", "--event-source", "sqs", "--parameter-overrides", "Nope=1"), "no parameter Nope"),
        (("--import-value", "a=1", "qrcode", "--event", "{event}"), "--import-value belongs to a template"),
    ],
)
def test_what_cannot_be_used_is_one_line(stack: Path, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "event.json").write_text("{}")
    places = {"{stack}": str(stack), "{event}": str(tmp_path / "event.json")}
    ran = crossover("invoke", *(places.get(each, each) for each in arguments))
    assert ran.returncode == 2
    last = ran.stderr.strip().splitlines()[-1]
    assert says in last
    assert "Traceback" not in ran.stderr


def test_a_folder_that_lambda_would_not_take_is_left_out(stack: Path, tmp_path: Path) -> None:
    shutil.copytree(stack.parent, tmp_path / "large")
    with (tmp_path / "large" / "orders" / "model.bin").open("wb") as file:
        file.truncate(251 * 1024 * 1024)
    ran = crossover("invoke", "--template", str(tmp_path / "large" / "template.yaml"), "Site", "--request", "GET /x")
    assert (ran.returncode, "Orders: orders is larger than Lambda takes, which is 250 MB" in ran.stderr) == (0, True)


def test_requirements_that_cannot_be_installed_leave_out_their_function_alone(stack: Path, tmp_path: Path) -> None:
    shutil.copytree(stack.parent, tmp_path / "bad")
    (tmp_path / "bad" / "orders" / "requirements.txt").write_text("./none-1.0-py3-none-any.whl\n")
    template = str(tmp_path / "bad" / "template.yaml")
    ran = crossover("invoke", "--template", template, "Site", "--request", "GET /x")
    assert (ran.returncode, "Orders: requirements.txt cannot be installed" in ran.stderr) == (0, True)


def zipped(tmp_path: Path, content: bytes | None = None) -> Path:
    """A template whose function is a zip file, as packaging tools write it."""
    if content is None:
        with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
            archive.writestr("app.py", "def handler(event, context):\n    return event['n'] + 1\n")
    else:
        (tmp_path / "function.zip").write_bytes(content)
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n  Counter:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: function.zip, Handler: app.handler, Runtime: python3.13}\n"
    )
    (tmp_path / "event.json").write_text('{"n": 41}')
    return tmp_path / "template.yaml"


def test_code_may_be_a_zip_file(tmp_path: Path) -> None:
    ran = crossover("invoke", "--template", str(zipped(tmp_path)), "--event", str(tmp_path / "event.json"))
    assert ran.stdout.splitlines()[0] == "42"


def test_a_zip_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    template = zipped(tmp_path, b"PK no zip")
    ran = crossover("invoke", "--template", str(template), "--event", str(tmp_path / "event.json"))
    assert ran.returncode == 2
    assert "function.zip is not a zip file that can be read" in ran.stderr.strip().splitlines()[-1]
