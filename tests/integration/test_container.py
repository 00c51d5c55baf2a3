"""The image as a pod runs it, and the clients that hold a stop against it."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from local.engine import private
from local.engine.docker import Docker
from local.image import check
from local.image.clients import Clients
from local.load.smoke.selection import cases_here, loaded
from local.paths import ROOT
from local.sam import check as sam_check
from tests.support.server import running_server


@pytest.mark.parametrize("main", [check.main, sam_check.main], ids=["test-container", "test-sam"])
def test_without_an_engine_there_is_one_line_that_says_what_to_install(
    main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main() == 2
    line = capsys.readouterr().err
    assert "apt-get install --no-install-recommends docker.io iptables debootstrap" in line
    assert line.count("\n") == 1


def test_no_request_is_lost_by_a_server_that_is_stopped_under_load() -> None:
    with running_server(drain_seconds=1.5) as server:
        clients = Clients(
            server.port, [case for service in loaded(["qrcode"]) for case in cases_here(service)], 20, 0.5
        )

        async def stopped_under_load() -> None:
            asking = asyncio.create_task(clients.ask_until_told())
            await asyncio.sleep(0.7)
            server.process.send_signal(signal.SIGTERM)
            await asking

        asyncio.run(stopped_under_load())
        told = clients.told
        assert (told.announced, told.wrong, told.lost) == (20, [], [])
        assert told.right > 20
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
        clients = Clients(listener.getsockname()[1], cases_here(service), 3)
        asyncio.run(clients.ask_until_told())
        thread.join()
    assert len(clients.told.lost) == 3
    assert clients.told.announced == clients.told.right == 0


def test_a_wrong_answer_under_load_is_counted_with_what_is_wrong() -> None:
    with running_server(team_name="Crossover") as server:
        (service,) = loaded(["qrcode"])
        wrong = cases_here(service)[0]
        wrong = wrong._replace(expected=wrong.expected._replace(result=b"another"))
        clients = Clients(server.port, [wrong], 1)
        asyncio.run(clients.ask(3))
    assert len(clients.told.wrong) == 3
    assert "not 'another'" in clients.told.wrong[0]


@pytest.mark.heavy
def test_the_image_is_built_asked_loaded_drained_and_measured_as_restricted_as_a_pod() -> None:
    try:
        if not Docker().answers():
            private.require()
    except private.NoEngine as problem:
        pytest.skip(f"NOT RUN: {problem}; then make test-container")
    done = subprocess.run([sys.executable, "-m", "local.image.check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
