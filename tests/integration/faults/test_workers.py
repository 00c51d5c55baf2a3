"""Workers that stop, that are killed, and that hang: what is lost, and what goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import psutil
import pytest

from container.metrics.recorder import BATCH
from local.load.smoke.selection import cases_here, loaded
from tests.integration.faults.clients import clients, right, until
from tests.support.keep_alive_clients import KeepAliveClients
from tests.support.pausing import pause
from tests.support.server import Server, running_server

CASES = [case for service in loaded(["qrcode"]) for case in cases_here(service)]


def workers(server: Server) -> set[int]:
    """The process ids of the workers."""
    found = set()
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


def metric(server: Server, name: str) -> float:
    """The sum of a metric over all its labels."""
    lines = server.get("/metrics")[2].decode().splitlines()
    values = [float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    assert values, name
    return sum(values)


def all_ready(server: Server, count: int) -> None:
    until(lambda: metric(server, "crossover_workers_ready") == count)


@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.heavy), 2])
def test_sigterm_under_load_loses_no_request(count: int) -> None:
    with running_server(workers=count, drain_seconds=1) as server:
        all_ready(server, count)
        asking = KeepAliveClients(server.port, CASES, 4, pause=0.3)

        async def stopped_under_load() -> None:
            going_on = asyncio.create_task(asking.ask_until_closed())
            await asyncio.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGTERM)
            await going_on

        asyncio.run(stopped_under_load())
        assert (asking.outcome.announced, asking.outcome.wrong, asking.outcome.lost) == (4, [], [])
        assert server.process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert server.log() == ""


def test_a_worker_that_is_killed_loses_its_requests_in_flight_alone_and_is_replaced() -> None:
    with running_server(workers=2, drain_seconds=0) as server:
        all_ready(server, 2)
        before = workers(server)
        with clients(server.port, 6) as asking:
            until(lambda: right(asking) > 200)
            victim = min(before)
            os.kill(victim, signal.SIGKILL)
            until(lambda: len(workers(server) - {victim}) == 2)
            answered = right(asking)
            until(lambda: right(asking) > answered + 50)
        # Each client has at most one request under way; those of the other worker go on.
        assert sum(client.outcome.lost for client in asking) <= 6
        assert sum(client.outcome.refused for client in asking) == 0
        assert not any(client.outcome.wrong for client in asking)
        assert before & workers(server) == before - {victim}
        all_ready(server, 2)
        assert metric(server, "crossover_workers") == 2
        assert metric(server, "crossover_worker_starts_total") == 3
        # What it answered since it last published is not counted.
        assert metric(server, "crossover_requests_total") > 200 - BATCH
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
        assert server.log() == ""


@pytest.mark.heavy
def test_a_worker_that_hangs_is_killed_and_replaced() -> None:
    with running_server(workers=2, drain_seconds=0) as server:
        all_ready(server, 2)
        hanging = min(workers(server))
        pause(hanging)
        until(lambda: not psutil.pid_exists(hanging), 60)
        all_ready(server, 2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


@pytest.mark.heavy
def test_workers_end_with_a_supervisor_that_is_killed() -> None:
    with running_server(workers=2, drain_seconds=0) as server:
        all_ready(server, 2)
        left = [psutil.Process(pid) for pid in workers(server)]
        server.process.kill()
        server.process.wait()
        gone, alive = psutil.wait_procs(left, timeout=30)
        assert (len(gone), alive) == (2, [])


@pytest.mark.heavy
def test_workers_that_cannot_start_end_the_server_with_a_status() -> None:
    with running_server(wait=False, module="tests.integration.faults.broken_server", workers=2) as server:
        assert server.process.wait(timeout=60) == 3
        assert "the tables are broken" in server.log()


def test_a_single_worker_that_cannot_be_made_ends_with_a_status() -> None:
    with running_server(wait=False, module="tests.integration.faults.broken_factory") as server:
        assert server.process.wait(timeout=60) == 1
        assert "RuntimeError: the factory is broken" in server.log()
