"""The container shim as a real process: its answers, and what strangers may not do to it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from container.server import bind
from container.settings import ContainerSettings
from functions import registry
from tests.support.server import Server, free_port, running_server


@pytest.fixture(scope="module", params=["container", "tests.support.parsed_server"], ids=["direct", "parsed"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server with its direct path and without it."""
    with running_server(request.param, max_head_bytes=16_384, head_seconds=1, max_connections=60) as running:
        yield running


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            some = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not some:
            return received
        received += some


def read_health(connection: socket.socket) -> bytes:
    """One answer of /healthz, on a connection that stays open."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    received = b""
    while not received.endswith(b"\r\n\r\nok"):
        received += connection.recv(65536)
    return received


def test_the_service_answers_by_its_contract(server: Server) -> None:
    status, headers, body = server.get("/qrcode?type=encode&data=CC%20Team")
    assert status == 200
    assert headers == {"content-type": "text/plain; charset=utf-8", "content-length": "159", "connection": "close"}
    assert body.startswith(b"Crossover,000000000000\n0x66d92b800x5bc76d83")


def test_team_and_account_are_settings() -> None:
    with running_server(team_name="CCProject", team_aws_account="123456789012") as server:
        assert server.get("/qrcode?type=decode&data=1")[2] == b"CCProject,123456789012\nINVALID"


def test_health_readiness_docs_and_page_are_there(server: Server) -> None:
    assert server.get("/healthz")[2] == b"ok"
    assert server.get("/readyz")[2] == b"ready"
    for path in ("/docs", "/", "/page/style.css", "/page/page.js"):
        assert server.get(path)[0] == 200, path


@pytest.mark.parametrize(
    "path", ["/nowhere", "/qrcode/", "/page/nothing.js", "/page/..%2fapp.py", "/page/%2e%2e/app.py"]
)
def test_other_paths_are_404(server: Server, path: str) -> None:
    assert server.get(path)[0] == 404


@pytest.mark.parametrize("path", ["/qrcode", "/healthz", "/readyz", "/"])
def test_other_methods_are_405(server: Server, path: str) -> None:
    status, headers, _ = server.get(path, method="POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /qrcode?data=" + b"x" * 20_000,
        b"GET /qrcode?data=" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 20_000,
        b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * 2_000,
    ],
    ids=["unfinished line", "finished line", "unfinished header", "many headers"],
)
def test_a_head_over_its_bound_is_refused_with_431(server: Server, head: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(head)
        assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_within_its_bound_is_served(server: Server) -> None:
    assert server.get("/qrcode?type=encode&data=a&other=" + "x" * 16_000)[0] == 200


def test_60_megabytes_of_header_cost_no_memory(server: Server) -> None:
    before = server.rss_kb()
    with server.connect() as connection:
        sent = 0
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
            while sent < 60_000_000:
                connection.sendall(b"x" * 65_536)
                sent += 65_536
        except OSError:
            pass
    assert sent < 60_000_000
    assert server.rss_kb() - before < 8_000


def test_a_head_that_is_not_finished_in_time_is_refused_with_408(server: Server) -> None:
    with server.connect() as connection:
        for byte in b"GET /healt":
            connection.sendall(bytes([byte]))
            time.sleep(0.01)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_says_nothing_is_closed_in_silence(server: Server) -> None:
    with server.connect() as connection:
        assert read_all(connection) == b""


def test_a_second_request_has_the_same_time_for_its_head(server: Server) -> None:
    with server.connect() as connection:
        read_health(connection)
        connection.sendall(b"GET /heal")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("size", [1, 60_000, 1_000_000])
@pytest.mark.parametrize(
    ("method", "status"), [(b"GET", b"200 OK"), (b"HEAD", b"200 OK"), (b"POST", b"405 Method Not Allowed")]
)
def test_a_body_is_read_and_thrown_away(server: Server, method: bytes, status: bytes, size: int) -> None:
    """As at the event sources, which take bodies of up to 1 MB and more."""
    with server.connect() as connection:
        head = method + b" /qrcode?type=encode&data=a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        connection.sendall(head + b"x" * size + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert len(answers) == 2
    assert answers[0].startswith(status)
    assert answers[1].endswith(b"\r\n\r\nok")


def test_a_body_that_is_announced_as_too_large_is_413(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /qrcode HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_an_end_is_cut_off_after_the_answer(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 10_000_000:
                connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                sent += 0x4000
        except OSError:
            pass
        assert sent < 10_000_000
        assert read_all(connection).count(b"HTTP/1.1") <= 1


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/", "/page/style.css", "/openapi.json", "/nowhere"]
)
def test_head_is_get_without_the_body(server: Server, path: str) -> None:
    status, headers, body = server.get(path, method="HEAD")
    expected = server.get(path)
    assert (status, body) == (expected[0], b"")
    if path != "/metrics":
        assert headers == expected[1]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET http:///healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost: [::1]:x\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
def test_a_request_has_one_host_or_is_of_http_1_0(server: Server, head: bytes, status: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(head)
        assert read_all(connection).startswith(b"HTTP/1.1 " + status)


def test_a_head_may_have_exactly_as_many_bytes_as_is_set(server: Server) -> None:
    for method in (b"GET", b"POST"):
        for path in (b"/qrcode", b"/healthz"):
            head = method + b" " + path + b"?%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            room = 16_384 - len(head) + 2
            for extra, refused in ((0, False), (1, True)):
                with server.connect() as connection:
                    connection.sendall(head % (b"x" * (room + extra)))
                    assert read_all(connection).startswith(b"HTTP/1.1 431 ") == refused


@pytest.mark.parametrize("offer", [b"h2c", b"websocket", b"TLS/1.0"])
def test_an_offer_to_upgrade_is_ignored(server: Server, offer: bytes) -> None:
    head = b" /qrcode?type=encode&data=a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + offer
    with server.connect() as connection:
        connection.sendall(b"GET" + head + b"\r\n\r\nPOST" + head + b"\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"hello" + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"405", b"200"]
    assert server.log() == ""


def test_a_request_that_is_refused_leaves_those_before_it_their_answers(server: Server) -> None:
    with server.connect() as connection:
        good = b"GET /qrcode?type=encode&data=a HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.sendall(good * 3 + b"GET / HTTP/1.1\r\n\r\n" + good)
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"200", b"400"]


def test_a_client_that_closes_its_half_is_sent_the_answers_that_it_waits_for() -> None:
    with running_server(crossover_services="blockchain") as server:
        (service,) = registry.load(["blockchain"])
        queries = [example.query for example in service.examples]
        for query in queries:
            expected = server.get(f"/blockchain?{query}")[2]
            for requests in (1, 2):
                with server.connect() as connection:
                    connection.sendall(f"GET /blockchain?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * requests)
                    connection.shutdown(socket.SHUT_WR)
                    assert read_all(connection).count(expected) == requests


def test_a_path_is_404_whatever_it_holds(server: Server) -> None:
    for odd in ("x" * 256, "x" * 5_000, "%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%0a", "~", "%F0%9F%98%80"):
        for under in ("/", "/page/", "/page/explain/", "/static-offline-docs/", "/qrcode/", "/healthz/"):
            assert server.get(under + odd)[0] == 404, under + odd
    assert server.log() == ""


def test_all_addresses_are_those_of_both_families() -> None:
    listener = bind(ContainerSettings(host="::", port=0))
    with listener:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, listener.getsockname()[1]), timeout=5).close()


def test_the_base_path_is_a_setting() -> None:
    with running_server(base_path="/prod") as server:
        for path in ("/prod/qrcode?type=encode&data=a", "/prod/healthz", "/prod/readyz", "/prod/", "/healthz"):
            assert server.get(path)[0] == 200, path
        assert server.get("/test/qrcode?type=encode&data=a")[0] == 404


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    with server.connect() as connection:
        one = b"GET /qrcode?type=encode&data=%d HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        connection.sendall(b"".join(one % i for i in range(300)) + last)
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert len(answers) == 301
    assert answers[-1].startswith(b"404")
    assert answers[7].partition(b"\r\n\r\n")[2] == server.get("/qrcode?type=encode&data=7")[2]


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100])
def test_what_is_no_http_gets_400_and_no_log_line(server: Server, garbage: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(garbage)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")
    assert server.log() == ""


def test_a_connection_over_the_limit_is_told_503_and_the_others_live(server: Server) -> None:
    connections = [server.connect() for _ in range(60)]
    try:
        time.sleep(0.2)
        with server.connect() as one_more:
            # It asks nothing: a request that came after the close could reset the connection, and the answer with it.
            answer = read_all(one_more)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in answer
        read_health(connections[0])
    finally:
        for connection in connections:
            connection.close()


def test_a_client_that_takes_no_answers_is_cut_off() -> None:
    with running_server(write_seconds=0.5) as server, server.connect() as connection:
        large = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.sendall(large * 20)
        time.sleep(2)
        assert server.get("/healthz")[0] == 200
        assert len(read_all(connection)) < 20 * 1_000_000
        assert 'crossover_refused_total{reason="stalled"} 1.0' in server.get("/metrics")[2].decode()
        assert server.log() == ""


@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"], ids=["kept", "closing"])
@pytest.mark.parametrize("path", [b"/docs", b"/page/style.css"])
def test_a_connection_with_unsent_bytes_ends_in_time_however_few_they_are(path: bytes, closing: bytes) -> None:
    with running_server(write_seconds=0.5) as server, ExitStack() as opened:
        for _ in range(5):
            connection = opened.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.connect(("127.0.0.1", server.port))
            request = b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n%b\r\n"
            connection.sendall(request % b"" * 2_000 + request % closing)
        deadline = time.monotonic() + 20
        while "crossover_connections_open 1.0" not in server.get("/metrics")[2].decode():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert 'crossover_refused_total{reason="stalled"} 5.0' in server.get("/metrics")[2].decode()


def test_an_outage_is_told_in_the_log(tmp_path: Path) -> None:
    with running_server(
        wait=False, crossover_services="twitter", twitter_store=f"sqlite:///{tmp_path}/no.db"
    ) as server:
        deadline = time.monotonic() + 20
        while "not ready: the store of the twitter service: no store at" not in server.log():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(5):
            assert server.get("/twitter?user_id=1&type=both&phrase=a&hashtag=b")[0] == 503
        assert server.log().count("the twitter service is unavailable") == 1


@pytest.mark.parametrize("content", [None, "[]", "not JSON"])
def test_samples_that_are_none_are_one_line_and_status_2(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "samples.json"
    if content is not None:
        path.write_text(content)
    tried = subprocess.run(
        [sys.executable, "-m", "container"],
        env={**os.environ, "PORT": "0", "PAGE_SAMPLES": str(path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (tried.returncode, tried.stderr.count("\n")) == (2, 1)
    assert "PAGE_SAMPLES takes a file" in tried.stderr


@pytest.mark.essential
def test_the_main_job_checks_itself_says_what_to_try_and_ends_cleanly() -> None:
    tool = Path(sys.executable).parent / "crossover"
    environ = {**os.environ, "PORT": str(free_port()), "CROSSOVER_SERVICES": "qrcode"}
    job = subprocess.Popen([tool, "run"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = threading.Timer(60, job.kill)
    deadline.start()
    assert job.stdout is not None
    said = ""
    while "Ctrl-C ends it" not in said:
        line = job.stdout.readline()
        assert line, said
        said += line
    job.send_signal(signal.SIGINT)
    said += job.stdout.read()
    assert job.wait(timeout=20) == 0
    deadline.cancel()
    assert "qrcode: right over HTTP and through the Lambda entry" in said
    assert f"curl 'http://127.0.0.1:{environ['PORT']}/qrcode?type=encode&data=CC%20Team'" in said
    assert "Traceback" not in said
    job.stdout.close()


def test_sigterm_drains_readiness_off_and_connections_closed_before_the_stop() -> None:
    with running_server(drain_seconds=1.5) as server:
        with server.connect() as kept:
            assert b"connection: close" not in read_health(kept)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert server.get("/readyz")[0] == 503
            kept.sendall(b"GET /qrcode?type=encode&data=a HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"connection: close" in read_all(kept)
        assert server.process.wait(timeout=15) in (0, -signal.SIGTERM)
        assert server.log() == ""


def test_a_sampled_answer_is_a_line_of_json_with_its_request() -> None:
    with running_server(log_sample_rate=1) as server:
        with server.connect() as connection:
            connection.sendall(
                b"GET /qrcode?type=decode&data=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: me\r\nConnection: close\r\n\r\n"
            )
            assert b"INVALID" in read_all(connection)
        (line,) = map(json.loads, server.log().splitlines())
        assert {"level": "INFO", "message": "answered", "service": "qrcode", "request_id": "me"}.items() <= line.items()


def test_what_strangers_are_refused_for_is_counted(server: Server) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00", b"GET /" + b"x" * 20_000):
        with server.connect() as connection:
            connection.sendall(garbage)
            read_all(connection)
    counted = server.get("/metrics")[2].decode()
    assert re.search(r'crossover_refused_total{reason="400"} [1-9]', counted)
    assert re.search(r'crossover_refused_total{reason="431"} [1-9]', counted)


def test_ctrl_c_ends_it_cleanly() -> None:
    with running_server() as server:
        assert server.stop() == 0
        assert server.log() == ""


def test_several_workers_serve_one_address() -> None:
    with running_server(workers=2, drain_seconds=0) as server:
        for _ in range(20):
            assert server.get("/qrcode?type=encode&data=CC%20Team")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) in (0, -signal.SIGTERM)


def test_a_port_that_is_taken_is_one_line_and_status_2() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        tried = subprocess.run(
            [sys.executable, "-m", "container"],
            env={"PORT": str(port), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert tried.returncode == 2
    assert tried.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in tried.stderr
