"""A load on servers that delay, err, lie, stall, close and talk nonsense: every request is counted as what it was."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from local.load.address import LoadTarget
from local.load.client import LoadRequest
from local.load.load_plan import LoadPlan
from local.load.sender import ClosedLoop, OpenLoop, Sender
from local.load.tally import Tally, Total
from tests.support.certificates import authority
from tests.support.little_server import Behaviour, LittleServer, PreparedRequest
from tests.support.server import free_port

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\nTEAM,ACCOUNT\nresult"

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\nTEAM,ACCOUNT\n\r\n6\r\nresult\r\n0\r\n\r\n"


def plan(**values: Any) -> LoadPlan:
    return LoadPlan(**{"mix": {"notes": 1}, "connections": 4, "timeout": 20, **values})


async def sent(plan: LoadPlan, port: int, tls_name: str = "") -> tuple[Total, Sender]:
    """What a process counts that does all of the plan, always asking for `result`."""
    tally = Tally()
    target = LoadTarget("127.0.0.1", port, f"127.0.0.1:{port}", "", tls_name)
    request = LoadRequest(b"GET /notes?q=%d HTTP/1.1\r\nHost: x\r\n\r\n", b"result", tally)
    sender = (ClosedLoop if plan.rate is None else OpenLoop)(plan, 0, target, [request])
    await sender.connect()
    await asyncio.wait_for(sender.run(time.monotonic()), 60)
    total = Total()
    total.add_data(tally.as_data())
    return total, sender


async def loaded(behaviour: Behaviour, **values: Any) -> tuple[Total, LittleServer]:
    async with LittleServer(behaviour) as server:
        total, _ = await sent(plan(**values), server.port)
        return total, server


def later_than(total: Total, milliseconds: float) -> int:
    """Answers that took longer."""
    within = total.latencies
    return sum(
        item.count_added_in_this_iter_step
        for item in within.get_recorded_iterator()
        if item.value_iterated_to > milliseconds * 1000
    )


async def well(asked: PreparedRequest) -> None:
    await asked.send(ANSWER)


async def test_right_answers_are_counted_with_their_bytes() -> None:
    total, server = await loaded(well, requests=50)
    assert (total.right, total.wrong, total.errors, total.statuses) == (50, 0, {}, {200: 50})
    assert total.bytes_in == 50 * len(ANSWER)
    assert total.bytes_out == sum(map(len, server.heads))
    assert total.latencies.get_total_count() == 50
    assert server.connections == 4


async def test_an_open_loop_sends_what_was_planned() -> None:
    total, server = await loaded(well, rate=500, requests=100, arrivals="fixed")
    assert (total.right, len(server.heads)) == (100, 100)


async def test_a_lie_is_counted_wrong() -> None:
    async def lies(asked: PreparedRequest) -> None:
        await asked.answer(b"result" if asked.number % 2 else b"resulT")

    total, _ = await loaded(lies, requests=40)
    assert (total.right, total.wrong, total.errors) == (20, 20, {})


async def test_another_status_than_200_is_an_error_of_its_own_and_no_quick_answer() -> None:
    async def errs(asked: PreparedRequest) -> None:
        await asked.answer(b"result", status=b"200 OK" if asked.number % 4 else b"503 Service Unavailable")

    total, _ = await loaded(errs, requests=40)
    assert (total.right, total.wrong, total.errors) == (30, 0, {"status 503": 10})
    assert total.statuses == {200: 30, 503: 10}
    assert total.latencies.get_total_count() == 30


def stalls_once(at: int, seconds: float) -> Behaviour:
    """Answers nobody for a while, once."""
    gate = asyncio.Event()
    gate.set()

    async def answer(asked: PreparedRequest) -> None:
        if asked.number == at:
            gate.clear()
            asyncio.get_running_loop().call_later(seconds, gate.set)
        await gate.wait()
        await asked.send(ANSWER)

    return answer


@pytest.mark.parametrize("connections", [1, 100])
async def test_one_stall_makes_many_requests_of_an_open_loop_late(connections: int) -> None:
    stall = stalls_once(20, 0.4)
    total, _ = await loaded(stall, rate=200, seconds=1, arrivals="fixed", connections=connections)
    assert total.right == 200
    # Who arrived in the first 0.3 s of the stall waited for longer than 0.1 s, one every 5 ms.
    assert later_than(total, 95) >= 58


async def test_the_same_stall_makes_hardly_more_than_one_request_of_a_closed_loop_late() -> None:
    total, _ = await loaded(stalls_once(20, 0.4), requests=100, connections=1)
    assert total.right == 100
    assert 1 <= later_than(total, 395) < 5


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def never(_: PreparedRequest) -> None:
        await asyncio.sleep(60)

    total, _ = await loaded(never, requests=8, timeout=0.2)
    assert (total.answered, total.errors) == (0, {"timeout": 8})


async def test_a_server_that_trickles_is_given_up() -> None:
    async def trickles(asked: PreparedRequest) -> None:
        for at in range(len(ANSWER)):
            await asked.send(ANSWER[at : at + 1])
            await asyncio.sleep(0.05)

    total, _ = await loaded(trickles, requests=4, timeout=0.3)
    assert total.errors == {"timeout": 4}


@pytest.mark.parametrize(
    "begin", [b"content-length: 999999999999\r\n\r\n", b"x: ", b"transfer-encoding: chunked\r\n\r\n"]
)
async def test_an_answer_without_an_end_is_cut_off(begin: bytes) -> None:
    piece = b"x" * 1_000
    chunk = b"%x\r\n%b\r\n" % (len(piece), piece) if b"chunked" in begin else piece

    async def endless(asked: PreparedRequest) -> None:
        await asked.send(b"HTTP/1.1 200 OK\r\n" + begin)
        for _ in range(100_000):
            await asked.send(chunk)

    total, _ = await loaded(endless, requests=4, max_answer_bytes=300_000)
    assert (total.answered, total.errors.total()) == (0, 4)
    assert set(total.errors) <= {"too large", "no HTTP"}
    assert total.bytes_in < 4 * 1_000_000


async def test_a_long_wrong_answer_is_wrong_and_not_kept() -> None:
    async def talks(asked: PreparedRequest) -> None:
        await asked.answer(b"result" * 100_000)

    total, _ = await loaded(talks, requests=4)
    assert (total.wrong, total.errors) == (4, {})


async def test_who_closes_without_an_answer_is_connected_to_again() -> None:
    async def closes(asked: PreparedRequest) -> None:
        if asked.number % 2:
            asked.writer.close()
        else:
            await asked.send(ANSWER)

    total, server = await loaded(closes, requests=10, connections=1)
    assert (total.right, total.errors) == (5, {"closed": 5})
    assert server.connections == 5


async def test_who_refuses_a_connection_with_an_answer_before_the_request_has_answered() -> None:
    def refuses(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy")
        writer.close()

    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with await asyncio.start_server(refuses, "127.0.0.1", 0) as server:
        total, _ = await sent(plan(requests=40, keep_alive=False), server.sockets[0].getsockname()[1])
    assert total.asked == 40
    assert set(total.errors) <= {"status 503", "closed", "reset"}
    assert total.errors["status 503"] > 0
    assert faults == []


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        ANSWER + ANSWER,
        ANSWER + b"HTT",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
)
async def test_nonsense_is_no_http(nonsense: bytes) -> None:
    async def babbles(asked: PreparedRequest) -> None:
        await asked.send(nonsense)

    total, _ = await loaded(babbles, requests=6)
    assert (total.answered, total.errors) == (0, {"no HTTP": 6})


async def test_a_connection_that_is_to_be_closed_is_not_used_again() -> None:
    async def closing(asked: PreparedRequest) -> None:
        await asked.answer(b"result", b"connection: close")

    total, server = await loaded(closing, requests=20)
    assert (total.right, total.errors) == (20, {})
    assert server.connections == 20


async def test_without_keep_alive_every_request_has_its_own_connection() -> None:
    async with LittleServer(well) as server:
        total, sender = await sent(plan(requests=20, keep_alive=False), server.port)
    assert (total.right, total.errors, server.connections) == (20, {}, 20)
    assert sum(sender.setups._counts.values()) == 20


async def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    async def leaves(asked: PreparedRequest) -> None:
        await asked.send(ANSWER)
        asked.writer.close()

    total, server = await loaded(leaves, rate=20, requests=10, arrivals="fixed", connections=1)
    assert (total.right, total.errors) == (10, {})
    assert server.connections == 10


@pytest.mark.parametrize(
    ("answer", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nTEAM,ACCOUNT\nresult", True),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 19\r\n\r\nTEAM,ACCOUNT\nresult", True),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\nTEAM,ACCOUNT\n\r\n6\r\nresult\r\n0\r\n\r\n",
            False,
        ),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + ANSWER, False),
    ],
    ids=["until the end", "1.0", "chunked", "interim"],
)
async def test_every_form_of_an_answer_is_understood(answer: bytes, closes: bool) -> None:
    async def answers(asked: PreparedRequest) -> None:
        await asked.send(answer[:30])
        await asyncio.sleep(0.001)
        await asked.send(answer[30:])
        if closes:
            asked.writer.close()

    total, _ = await loaded(answers, requests=12)
    assert (total.right, total.wrong, total.errors) == (12, 0, {})


async def test_an_answer_that_breaks_off_is_an_error() -> None:
    async def breaks_off(asked: PreparedRequest) -> None:
        await asked.send(ANSWER[:-1])
        asked.writer.close()

    total, _ = await loaded(breaks_off, requests=6)
    assert total.errors == {"closed": 6}


async def test_more_arrivals_than_may_wait_are_not_sent() -> None:
    async def never(_: PreparedRequest) -> None:
        await asyncio.sleep(60)

    values = {"rate": 1000, "requests": 200, "arrivals": "fixed", "connections": 2, "backlog": 10}
    total, server = await loaded(never, **values, timeout=1)
    assert (total.asked, total.answered) == (200, 0)
    # Two were sent at once, and for ten there was room to wait, in vain.
    assert set(total.errors) == {"timeout", "not sent"}
    assert total.errors["not sent"] >= 188
    assert len(server.heads) <= total.errors["timeout"] <= 12


async def test_who_waits_for_a_connection_is_sent_in_time() -> None:
    async def slow(asked: PreparedRequest) -> None:
        await asyncio.sleep(0.01)
        await asked.send(ANSWER)

    total, server = await loaded(slow, rate=1000, requests=40, arrivals="fixed", connections=1)
    assert (total.right, total.errors, server.connections) == (40, {}, 1)
    # The last one waited for 39 others of 10 ms each, less the 39 ms that it came later.
    assert total.latencies.get_max_value() >= 350_000


@pytest.mark.parametrize("values", [{"requests": 20}, {"rate": 1000, "requests": 20}])
async def test_where_nobody_listens_every_request_is_refused(values: dict[str, Any]) -> None:
    total, sender = await sent(plan(**values), free_port())
    assert (total.answered, total.errors) == (0, {"refused": 20})
    assert sender.refused >= 20


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("tls"), "server")


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_spoken_with_the_server_that_the_certificate_names(
    trusted: bool, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with LittleServer(well, tls) as server:
        total, _ = await sent(plan(requests=8), server.port, "127.0.0.1")
    assert (total.right, total.errors) == ((8, {}) if trusted else (0, {"no TLS": 8}))


@pytest.mark.parametrize("values", [{}, {"rate": 300}])
async def test_the_warm_up_is_sent_and_not_counted(values: dict[str, Any]) -> None:
    async def steady(asked: PreparedRequest) -> None:
        await asyncio.sleep(0.005)
        await asked.send(ANSWER)

    total, server = await loaded(steady, **values, warmup=0.3, requests=30)
    assert (total.asked, total.right) == (30, 30)
    assert len(server.heads) > 40


async def test_a_closed_loop_ends_by_time() -> None:
    total, server = await loaded(well, seconds=0.2)
    assert total.right == total.asked == len(server.heads) > 0


async def test_a_closed_loop_of_so_many_requests_ends_by_time_too() -> None:
    async def slow(asked: PreparedRequest) -> None:
        await asyncio.sleep(0.05)
        await asked.send(ANSWER)

    total, server = await loaded(slow, requests=1_000, connections=2, longest=0.3)
    assert 0 < total.right == len(server.heads) < 20
    assert total.errors == {"not sent": 1_000 - total.right}


async def test_requests_are_sent_in_their_order_each_process_its_share() -> None:
    async def paths(process: int) -> list[str]:
        async with LittleServer(well) as server:
            target = LoadTarget("127.0.0.1", server.port, "x", "/base")
            asked = [LoadRequest(b"GET /%d HTTP/1.1\r\n\r\n" % number, b"result", Tally()) for number in range(5)]
            shared = plan(requests=8, processes=2, connections=2)
            await ClosedLoop(shared, process, target, asked).run(time.monotonic())
            return [head.split()[1].decode() for head in server.heads]

    assert await paths(0) == ["/0", "/2", "/4", "/1"]
    assert await paths(1) == ["/1", "/3", "/0", "/2"]
