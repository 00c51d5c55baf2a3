"""Workers that are told to stop, that are killed, and that have answered enough: what is lost, and what goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import psutil
import pytest

from container.metrics.recorder import AT_ONCE
from container.supervisor import DEATHS_IN_A_ROW, HANGS_SECONDS
from local.load.smoke.selection import cases_here, loaded
from tests.integration.faults.clients import clients, right, until
from tests.support.keep_alive_clients import KeepAliveClients
from tests.support.server import Server, running_server

CASES = [case for service in loaded(["qrcode"]) for case in cases_here(service)]


def status(server: Server) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(server.get("/status")[2])
    return answer


def workers(server: Server) -> set[int]:
    """The workers that live and are ready."""
    return {worker["pid"] for worker in status(server)["workers"] if worker["ready"]}


def workers_of(server: Server) -> set[int]:
    """The worker processes, whether they answer or not."""
    children = psutil.Process(server.process.pid).children()
    return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}


def metric(server: Server, name: str) -> float:
    """The sum of a metric over all its labels."""
    lines = server.get("/metrics")[2].decode().splitlines()
    values = [float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    assert values, name
    return sum(values)


def all_ready(server: Server, count: int) -> None:
    until(lambda: len(workers(server)) == count)


def messages(server: Server) -> list[str]:
    return [json.loads(line)["message"] for line in server.log().splitlines()]


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
            victim = max(status(server)["workers"], key=lambda worker: worker["connections"])
            counted = metric(server, "crossover_requests_total") - AT_ONCE
            os.kill(victim["pid"], signal.SIGKILL)
            until(lambda: right(asking) > counted + 200)
            assert metric(server, "crossover_requests_total") > counted
            until(lambda: len(workers(server) - {victim["pid"]}) == 2)
            answered = right(asking)
            until(lambda: right(asking) > answered + 50)
        # Each client has one request under way; those of the other worker go on.
        assert sum(client.outcome.lost for client in asking) <= min(6, victim["connections"])
        assert sum(client.outcome.refused for client in asking) == 0
        assert not any(client.outcome.wrong for client in asking)
        assert before & workers(server) == before - {victim["pid"]}
        assert metric(server, "crossover_workers") == 2
        assert metric(server, "crossover_worker_starts_total") == 3
        # What it answered in its last second is not counted.
        assert metric(server, "crossover_requests_total") >= right(asking) - AT_ONCE
        assert messages(server) == [f"worker {victim['pid']} ended with -9; another one starts"]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


def test_a_worker_that_has_answered_enough_is_replaced_without_loss_and_stays_ready_meanwhile() -> None:
    with running_server(workers=1, max_requests=200, max_requests_jitter=20, drain_seconds=1) as server:
        (first,) = workers(server)
        with clients(server.port, 4) as asking:
            ready = set()

            def gone() -> bool:
                ready.add(server.get("/readyz")[0])
                return first not in {worker["pid"] for worker in status(server)["workers"]}

            until(gone)
        assert ready == {200}
        outcomes = [client.outcome for client in asking]
        assert [outcome.lost for outcome in outcomes] == [0] * 4
        assert [outcome.refused for outcome in outcomes] == [0] * 4
        assert not any(outcome.wrong for outcome in outcomes)
        assert all(outcome.announced for outcome in outcomes)
        assert metric(server, "crossover_requests_total") >= right(asking)
        assert metric(server, "crossover_worker_starts_total") >= 2
        assert server.log() == ""
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


def test_a_connection_that_is_idle_for_longer_than_the_drain_survives_its_workers_replacement() -> None:
    with running_server(workers=1, max_requests=100, drain_seconds=0.2) as server:
        (first,) = workers(server)
        asking = KeepAliveClients(server.port, CASES, 6, pause=4)
        asyncio.run(asking.ask_until_closed())
        assert (asking.outcome.announced, asking.outcome.wrong, asking.outcome.lost) == (6, [], [])
        until(lambda: not psutil.pid_exists(first))
        assert metric(server, "crossover_worker_starts_total") == 2
        assert server.log() == ""
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


@pytest.mark.heavy
def test_sigterm_ends_a_server_whose_worker_hangs() -> None:
    with running_server(workers=2, drain_seconds=0, stop_seconds=1) as server:
        all_ready(server, 2)
        hanging = min(workers(server))
        os.kill(hanging, signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
        assert messages(server) == [f"worker {hanging} did not leave in time and is killed"]


@pytest.mark.heavy
def test_a_worker_that_hangs_is_killed_and_replaced() -> None:
    with running_server(workers=2, drain_seconds=0) as server:
        all_ready(server, 2)
        hanging = min(workers(server))
        os.kill(hanging, signal.SIGSTOP)
        other = (workers_of(server) - {hanging}).pop()
        until(lambda: not psutil.pid_exists(hanging), HANGS_SECONDS + 60)
        assert psutil.pid_exists(other)
        all_ready(server, 2)
        assert messages(server)[0] == f"worker {hanging} hangs and is killed"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


@pytest.mark.heavy
def test_a_supervisor_that_is_killed_takes_its_workers_along() -> None:
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


@pytest.mark.heavy
def test_workers_that_die_at_their_start_end_the_server_after_some_tries() -> None:
    with running_server(
        wait=False, module="tests.integration.faults.broken_factory", workers=1, max_requests=9
    ) as server:
        assert server.process.wait(timeout=120) == 3
        assert server.log().count("RuntimeError: the factory is broken") == DEATHS_IN_A_ROW
        assert "cannot start; the server ends" in server.log()
