"""Clients that keep their connections lose no request when a server stops, and a loss is noticed."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading

from local.load.smoke.selection import cases_here, loaded
from tests.support.keep_alive_clients import KeepAliveClients
from tests.support.server import running_server


def test_no_request_is_lost_by_a_server_that_is_stopped_under_load() -> None:
    with running_server(drain_seconds=1.5) as server:
        clients = KeepAliveClients(
            server.port, [case for service in loaded(["qrcode"]) for case in cases_here(service)], 20, 0.5
        )

        async def stopped_under_load() -> None:
            asking = asyncio.create_task(clients.ask_until_closed())
            await asyncio.sleep(0.7)
            server.process.send_signal(signal.SIGTERM)
            await asking

        asyncio.run(stopped_under_load())
        outcome = clients.outcome
        assert (outcome.announced, outcome.wrong, outcome.lost) == (20, [], [])
        assert outcome.right > 20
        assert server.process.wait(timeout=20) in (0, -signal.SIGTERM)


def test_a_server_that_closes_without_an_answer_has_lost_the_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close_what_comes() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)

        thread = threading.Thread(target=close_what_comes)
        thread.start()
        (service,) = loaded(["qrcode"])
        clients = KeepAliveClients(listener.getsockname()[1], cases_here(service), 3)
        asyncio.run(clients.ask_until_closed())
        thread.join()
    assert len(clients.outcome.lost) == 3
    assert clients.outcome.announced == clients.outcome.right == 0


def test_a_wrong_answer_under_load_is_counted_with_what_is_wrong() -> None:
    with running_server(team_name="Crossover") as server:
        (service,) = loaded(["qrcode"])
        wrong = cases_here(service)[0]
        wrong = wrong._replace(expected=wrong.expected._replace(result=b"another"))
        clients = KeepAliveClients(server.port, [wrong], 1)
        asyncio.run(clients.ask(3))
    assert len(clients.outcome.wrong) == 3
    assert "not 'another'" in clients.outcome.wrong[0]
