"""Benchmarks of the container's answer path, and of what metrics and logs take of it.

A request is sent over a connection that stays open, read, parsed and answered by the server's own protocol and
application on uvloop, and its answer taken; the client's two system calls are counted too.
"""

from __future__ import annotations

import random
import socket
import string
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from typing import Any

from local.measure.microbench.measure import Bench, Call

RIGHT = b"HTTP/1.1 200"
ANSWER_SECONDS = 10.0
"""The answer is there when the loop has stopped; no read waits longer."""
MOST = 0.03
"""The share of a request's CPU time that all metrics and logs may take."""


def _served(observed: bool, **options: Any) -> Callable[[], Call]:
    """Return what makes the call: a request over a connection that stays open. `options` are the server's settings."""

    def make() -> Call:
        import uvloop
        from uvicorn.config import Config
        from uvicorn.server import ServerState

        from container.http.protocol import BoundedProtocol
        from container.logs import sampling
        from container.metrics.recorder import Metrics
        from container.settings import ContainerSettings
        from crossover.asgi import Bound, ServiceApp
        from crossover.responses import Envelope
        from crossover.runner import InlineRunner
        from functions.qrcode.handler import SERVICE

        settings = ContainerSettings(**options)
        state: dict[str, Any] = {"settings": settings}
        observe = None
        if observed:
            metrics = Metrics([SERVICE], max_connections=settings.max_connections)
            state["metrics"] = metrics
            observe = sampling(settings.log_sample_rate, metrics.observe)
        app = ServiceApp([Bound(SERVICE, InlineRunner())], Envelope(settings), observe=observe)
        config = Config(app, lifespan="off", log_config=None, access_log=False, server_header=False, date_header=False)
        config.load()
        loop = uvloop.new_event_loop()
        server_state = ServerState()

        class Answering(BoundedProtocol):
            """The server's own, which ends the loop's turn when it has answered."""

            def on_response_complete(self) -> None:
                super().on_response_complete()
                loop.stop()

            def connection_lost(self, exc: Exception | None) -> None:
                """End the turn too where the server has closed: its timers run while other benchmarks are prepared."""
                super().connection_lost(exc)
                loop.stop()

        def connect() -> socket.socket:
            client, served = socket.socketpair()
            client.settimeout(ANSWER_SECONDS)
            loop.run_until_complete(
                loop.connect_accepted_socket(lambda: Answering(config, server_state, state, loop), served)
            )
            return client

        client = connect()
        following = cycle(_requests()).__next__

        def ask() -> bytes:
            with suppress(ConnectionError):
                client.send(following())
                loop.run_forever()
                return client.recv(65_536)
            return b""

        def call() -> bytes:
            nonlocal client
            answer = ask()
            if not answer.startswith(RIGHT):
                client.close()
                client = connect()
                answer = ask()
                if not answer.startswith(RIGHT):
                    raise RuntimeError(f"the server answered {answer[:60]!r}")
            return answer

        return call

    return make


def _requests() -> list[bytes]:
    chance = random.Random(6)  # noqa: S311 - inputs for measuring, the same in every run
    texts = ["".join(chance.choices(string.ascii_letters + string.digits, k=6)) for _ in range(512)]
    head = "HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nUser-Agent: bench/1.0\r\nAccept-Encoding: gzip\r\n\r\n"
    return [f"GET /qrcode?type=encode&data={text} {head}".encode() for text in texts]


def _observing() -> Call:
    """Return all that is done for one good answer: it is counted, timed and perhaps logged."""
    from time import monotonic

    from container.logs import sampling
    from container.metrics.recorder import Metrics
    from container.settings import ContainerSettings
    from crossover.responses import Envelope
    from functions.qrcode.handler import SERVICE

    settings = ContainerSettings()
    observe = sampling(settings.log_sample_rate, Metrics([SERVICE]).observe)
    response = Envelope(settings).result(b"0x66d92b80")

    def call() -> None:
        arrived = monotonic()
        observe("qrcode", response, monotonic() - arrived, ())

    return call


BENCHES = (
    Bench("server request", _served(observed=True)),
    Bench("server request, unobserved", _served(observed=False), None, "server request"),
    Bench("server metrics and logs", _observing, None, "server request", 1 / MOST),
)
"""The limit is on what is done for metrics and logs, by itself. In the pair of whole requests, with and without, it is
more, since there the caches are cold; but the noise of the system calls is as large as what is looked for."""
