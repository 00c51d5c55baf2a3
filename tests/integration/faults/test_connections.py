"""More connections than there are files, connections that say nothing, and clients that take nothing."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from tests.integration.faults.clients import ASKED, read_answer, until
from tests.integration.faults.test_workers import metric
from tests.support.server import Server, running_server


@contextmanager
def files(server: Server, count: int) -> Iterator[None]:
    """The server's process may have so many files open until the block ends."""
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (soft, hard))


def open_files(server: Server) -> int:
    return psutil.Process(server.process.pid).num_fds()


def cpu_seconds(server: Server) -> float:
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def answered(connection: socket.socket) -> bool:
    connection.sendall(ASKED)
    return read_answer(connection)[0].startswith(b"HTTP/1.1 200 ")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="NOT RUN: limits of another process; on Linux: make test")
def test_a_server_without_a_free_file_neither_dies_nor_spins_and_recovers() -> None:
    with running_server(max_connections=500, head_seconds=60) as server, ExitStack() as taken:
        kept = taken.enter_context(server.connect())
        assert answered(kept)
        with files(server, open_files(server) + 8):
            for _ in range(100):
                taken.enter_context(server.connect())
            before, begun = cpu_seconds(server), time.monotonic()
            time.sleep(1.0)
            # A loop that spins takes all the CPU that it gets, one that waits takes next to nothing.
            assert cpu_seconds(server) - before < 0.5 * (time.monotonic() - begun)
            assert answered(kept)
        taken.close()
        until(lambda: server.get("/readyz")[0] == 200)
        until(lambda: metric(server, "crossover_connections_open") <= 2)
        assert server.log() == ""


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="NOT RUN: limits of another process; on Linux: make test")
def test_no_more_connections_are_taken_than_the_system_has_files_for() -> None:
    with running_server("tests.integration.faults.few_files", max_connections=5_000) as server, ExitStack() as taken:
        assert metric(server, "crossover_connections_limit") == 200 - 64
        assert "5000 connections are wanted, 136 taken" in server.log()
        connections = [taken.enter_context(server.connect()) for _ in range(160)]
        for one_too_many in connections[136:]:
            assert one_too_many.recv(100).startswith(b"HTTP/1.1 503 ")
        assert all(answered(connection) for connection in connections[:136:15])
        taken.close()
        until(lambda: server.get("/readyz")[0] == 200)
        assert metric(server, "crossover_refused_total") >= 24


@pytest.mark.heavy
def test_ten_thousand_idle_connections_are_kept_and_others_answered() -> None:
    wanted = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted + 200:
        pytest.skip("NOT RUN: 10,000 connections need as many files: ulimit -Hn 12000 && make test-all")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 200), hard))
    try:
        with running_server(max_connections=wanted + 10, head_seconds=300, keep_alive_seconds=600) as server:
            before = server.rss_kb()
            with ExitStack() as taken:
                idle = [taken.enter_context(server.connect()) for _ in range(wanted)]
                for connection in idle:
                    connection.sendall(ASKED)
                for connection in idle:
                    assert read_answer(connection)[0].startswith(b"HTTP/1.1 200 ")
                assert metric(server, "crossover_connections_open") == wanted + 1
                kb = (server.rss_kb() - before) / wanted
                assert kb < 32, f"{kb:.1f} kB a connection"
                assert server.get("/readyz")[0] == 200
                assert all(answered(connection) for connection in idle[::100])
                print(f"{kb:.1f} kB a connection, {server.rss_kb() / 1024:.0f} MB in all")  # noqa: T201
            until(lambda: metric(server, "crossover_connections_open") == 1)
            assert server.log() == ""
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
