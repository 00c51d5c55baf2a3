"""`crossover smoke` against the real server, and little servers that lie, err, stall or are gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer.testing
from click.testing import Result

from local.cli import create_app
from local.load.smoke.selection import chosen_cases, loaded
from local.serve.selfcheck import self_check
from local.workloads.judge import ExpectedResult, Plain
from tests.support.server import free_port, running_server

Talk = Callable[[socket.socket, str], None]


def smoke(*arguments: str) -> Result:
    return typer.testing.CliRunner().invoke(create_app(), ["smoke", *arguments], env={"COLUMNS": "200"})


def rows(*arguments: str) -> list[dict[str, object]]:
    """The rows of --json, whatever the exit status."""
    found: list[dict[str, object]] = json.loads(smoke(*arguments, "--json").stdout)
    return found


def right_answers() -> dict[str, bytes]:
    """Whole HTTP answers for the cases of the QR code service."""
    answers = {}
    for case in chosen_cases(["qrcode"]):
        expected = case.expected
        if isinstance(expected, Plain):
            status, body, reason = expected.statuses[0], expected.body or b"", ""
        else:
            assert isinstance(expected, ExpectedResult)
            status, body, reason = 200, b"Us,1\n" + (expected.result or b""), expected.reason
        head = f"HTTP/1.1 {status} X\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        head += f"X-Invalid-Reason: {reason}\r\n" if reason else ""
        head += "Allow: GET, HEAD\r\n" if status == 405 else ""
        answers[f"{case.method} {case.path}"] = f"{head}Connection: close\r\n\r\n".encode() + body
    return answers


RIGHT = right_answers()
ENCODE = "GET /qrcode?type=encode&data=CC%20Team"


@contextmanager
def little_server(misbehave: Talk, only: str = "") -> Iterator[str]:
    """A server with the right answers that misbehaves at the request line that begins with `only`, or at every one."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                asked = connection.recv(65_536).decode().rpartition(" HTTP/1.1\r\n")[0].partition(" HTTP/1.1")[0]
                if not only or asked == only:
                    misbehave(connection, asked)
                else:
                    connection.sendall(RIGHT[asked])
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def says(*parts: bytes) -> Talk:
    """Sends these bytes, whatever was asked."""
    return lambda connection, _: connection.sendall(b"".join(parts))


def waits(connection: socket.socket, _: str) -> None:
    connection.recv(1)


def drips(connection: socket.socket, _: str) -> None:
    """One byte of an endless header after the other: no single wait is long."""
    pause = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not pause.wait(0.05):
        connection.sendall(b"x")


def floods(connection: socket.socket, _: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    while True:
        connection.sendall(b"x" * 1_000_000)


def test_a_running_bundle_is_right_in_every_answer() -> None:
    with running_server(
        crossover_services="qrcode,blockchain,twitter", twitter_store="sqlite:////no/such.db", wait=False
    ):
        pass  # a store that is not there is asked below
    with running_server(crossover_services="qrcode,blockchain") as server:
        ran = smoke(server.address, "--service", "qrcode", "--service", "blockchain")
        assert ran.exit_code == 0, ran.output
        assert "wrong" not in ran.output
        found = rows(server.address + "/", "--service", "qrcode")
    assert {row["verdict"] for row in found} == {"right"}
    assert [row["path"] for row in found][:4] == ["/healthz", "/readyz", "/qrcode", "/nowhere"]
    assert all(isinstance(row["milliseconds"], float) for row in found)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", ["url", "v2", "v1", "alb", "alb-multi"])
def test_the_functions_are_right_behind_every_front_door(shape: str, tmp_path: Path) -> None:
    port, tool = free_port(), str(Path(sys.executable).with_name("crossover"))
    environ = {**os.environ, "PORT": str(port)}
    with (tmp_path / "log").open("wb") as log:
        gateway = subprocess.Popen([tool, "lambda", "--event-shape", shape], env=environ, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 120
            while smoke(f"http://127.0.0.1:{port}", "--functions-only", "--service", "qrcode").exit_code:
                assert gateway.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.5)
        finally:
            gateway.send_signal(signal.SIGINT)
            gateway.wait(timeout=30)


def test_the_little_server_is_right_as_long_as_it_behaves() -> None:
    with little_server(says(b""), only="nothing") as address:
        assert smoke(address, "--service", "qrcode").exit_code == 0


@pytest.mark.parametrize(
    ("misbehave", "verdict", "problem"),
    [
        (says(RIGHT[ENCODE].replace(b"0x66d92b80", b"0x66d92b81")), "wrong", "not '0x66d92b80"),
        (says(RIGHT[ENCODE].replace(b"Us,1", b"We,2")), "wrong", "team and account differ"),
        (says(RIGHT[ENCODE].replace(b"; charset=utf-8", b"")), "wrong", "content-type 'text/plain'"),
        (says(b"HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\nUs,1\nERROR"), "wrong", "status 500, not 200"),
        (says(b"HTTP/1.1 302 X\r\nLocation: /healthz\r\nContent-Length: 0\r\n\r\n"), "wrong", "status 302, not 200"),
        (says(RIGHT[ENCODE][:-5]), "no answer", "without sending complete message body"),
        (says(b"SSH-2.0-Server\r\n"), "no answer", ""),
        (says(b""), "no answer", "disconnected"),
        (waits, "no answer", "no whole answer within 0.5 s"),
        (drips, "no answer", "no whole answer within 0.5 s"),
        (floods, "no answer", "the answer is larger than"),
    ],
    ids=[
        *("a wrong result", "another team", "another kind", "an error", "a redirect"),
        *("cut short", "no HTTP", "silence and close", "silence", "drops", "a flood"),
    ],
)
def test_one_bad_answer_is_found_told_and_fails_the_whole(misbehave: Talk, verdict: str, problem: str) -> None:
    # An earlier answer gives team and account, so the bad one comes later than the first of the service.
    with little_server(misbehave, only=ENCODE) as address:
        ran = smoke(address, "--service", "qrcode", "--seconds", "0.5" if "0.5" in problem else "20", "--json")
    bad = [row for row in json.loads(ran.stdout) if row["verdict"] != "right"]
    assert ran.exit_code == 1
    if "team" in problem:
        # What the first answer says counts, so all the others are the odd ones.
        assert len(bad) > 3
    else:
        assert [row["path"] for row in bad] == [ENCODE.removeprefix("GET ")]
    assert bad[0]["verdict"] == verdict
    assert problem in str(bad[0]["problem"]).lower() or problem in str(bad[0]["problem"])


def test_a_wrong_answer_comes_with_the_command_that_asks_it_again() -> None:
    with little_server(says(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"), only=ENCODE) as address:
        ran = smoke(address, "--service", "qrcode")
    assert f"curl -i '{address}/qrcode?type=encode&data=CC%20Team'" in ran.output
    assert "1 wrong" in ran.output


def test_a_server_that_never_answers_is_left_after_three_requests() -> None:
    with little_server(waits) as address:
        found = rows(address, "--service", "qrcode", "--seconds", "0.3")
    assert [row["verdict"] for row in found[:4]] == ["no answer", "no answer", "no answer", "not asked"]
    assert {row["verdict"] for row in found[4:]} == {"not asked"}


def test_where_nobody_listens_it_says_so_and_fails() -> None:
    ran = smoke(f"http://127.0.0.1:{free_port()}", "--service", "qrcode")
    assert ran.exit_code == 1
    assert "Connection refused" in ran.output
    assert "3 no answer" in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "ftp://a",
        "http://",
        "http://a:x",
        "http://a:0",
        "http://a?b",
        "http://u:p@a",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    ran = typer.testing.CliRunner().invoke(create_app(), ["smoke", url])
    assert ran.exit_code != 0
    assert "the URL is the address of a running server" in f"{ran.output}{ran.exception}"


def test_a_service_whose_store_nobody_names_is_judged_by_its_form_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from crossover.stores import load

    monkeypatch.delenv("TWITTER_STORE", raising=False)
    load(f"sqlite:///{tmp_path}/twitter.db", [])
    with running_server(crossover_services="twitter", twitter_store=f"sqlite:///{tmp_path}/twitter.db") as server:
        ran = smoke(server.address, "--service", "twitter")
        monkeypatch.setenv("TWITTER_STORE", f"sqlite:///{tmp_path}/twitter.db")
        known = rows(server.address, "--service", "twitter")
    assert ran.exit_code == 0, ran.output
    assert "in form" in ran.output
    assert "name the store that the server reads in TWITTER_STORE to compare it" in ran.output
    assert {row["verdict"] for row in known} == {"right"}


def test_a_pod_that_cannot_reach_its_store_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWITTER_STORE", raising=False)
    with running_server(wait=False, crossover_services="twitter", twitter_store="sqlite:////no/such.db") as server:
        while not server.listens():
            assert server.process.poll() is None
        found = {row["asked"]: row for row in rows(server.address, "--service", "twitter")}
    assert found["ready"]["status"] == 503
    assert found["Replies and retweets"]["status"] == 503
    assert found["alive"]["verdict"] == "right"


def test_the_self_check_of_a_start_finds_what_is_wrong_on_one_platform_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TEAM_NAME", "Us"), ("TEAM_AWS_ACCOUNT", "1")):
        monkeypatch.setenv(name, value)
    lie = RIGHT[ENCODE].replace(b"0x66d92b80", b"0x66d92b81")
    samples = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

    def misbehave(connection: socket.socket, asked: str) -> None:
        connection.sendall({"GET /page/samples.json": samples, ENCODE: lie}.get(asked) or RIGHT[asked])

    with little_server(misbehave) as address:
        (check,) = self_check(address, loaded(["qrcode"]))
    assert check.url == address + ENCODE.removeprefix("GET ")
    (problem,) = check.problems
    assert problem.startswith("over HTTP, Encode a text: '0x66d92b81")


def test_the_self_check_sees_that_the_lambda_entry_answers_to_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_NAME", "Somebody")
    with running_server(team_name="Somebody") as server:
        (check,) = self_check(server.address, loaded(["qrcode"]))
        monkeypatch.setenv("TEAM_NAME", "Another")
        (other,) = self_check(server.address, loaded(["qrcode"]))
    assert {problem.partition(",")[0] for problem in other.problems} >= {"over HTTP"}
    assert all("over HTTP" not in problem for problem in check.problems)
