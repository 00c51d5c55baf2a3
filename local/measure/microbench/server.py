"""Benchmarks of the container's answer path: the usual mix of each service, good and bad requests, over sockets.

Requests are sent over connections that stay open, read, answered by the server's own protocol and application on
uvloop, and their answers taken; the client's two system calls are counted too. A *closed loop* has 64 connections with
a request each whenever the server looks, as a load generator that asks again at once; *rested*, the server finds one
request each time, as it does in a fleet with room to spare. Each is measured with the server's direct path and through
the parser, the same requests in the same run.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import cache
from itertools import cycle
from time import monotonic
from typing import Any

from local.measure.microbench.measure import Bench, Call

CONNECTIONS = 64
REQUESTS = 4_000
ANSWER_SECONDS = 10.0
"""No answer is waited for longer."""
MAX_OBSERVING_SHARE = 0.03
"""The share of a request's CPU time that all metrics and logs may take."""


def _served(service: str, connections: int, direct: bool = True, count: int = REQUESTS) -> Callable[[], Call]:
    """Return what makes the call, which answers a request on each of so many connections, out of `count` requests."""

    def make() -> Call:
        import uvloop
        from uvicorn.config import Config
        from uvicorn.server import ServerState

        from container.http.direct import DirectProtocol, DirectServices
        from container.http.protocol import BoundedProtocol
        from container.metrics.recorder import Metrics
        from container.settings import ContainerSettings
        from crossover.asgi import Bound, ServiceApp
        from crossover.protocol import Envelope
        from crossover.runner import InlineRunner
        from crossover.stores.lazy import store_of
        from functions import registry

        environ, requests = _mix(service, count)
        (loaded,) = registry.load([service], environ)
        loaded.warm()
        # Other benchmarks run between two calls, for longer than a server waits for a client.
        settings = ContainerSettings(max_connections=CONNECTIONS, head_seconds=3600, keep_alive_seconds=3600)
        metrics = Metrics([loaded])
        app = ServiceApp(
            [Bound(loaded, InlineRunner(store_of(loaded, environ)))], Envelope(settings), observe=metrics.observe
        )
        state: dict[str, Any] = {
            "settings": settings,
            "metrics": metrics,
            "direct": DirectServices(app, metrics, sampled=False),
        }
        options: dict[str, Any] = {"access_log": False, "server_header": False, "date_header": False}
        config = Config(app, lifespan="off", log_config=None, timeout_keep_alive=3600, **options)
        config.load()
        loop = uvloop.new_event_loop()
        server_state = ServerState()
        protocol = DirectProtocol if direct else BoundedProtocol
        clients = []

        async def connect() -> None:
            for _ in range(connections):
                client, served = socket.socketpair()
                client.setblocking(False)
                clients.append(client)
                await loop.connect_accepted_socket(lambda: protocol(config, server_state, state, loop), served)

        loop.run_until_complete(connect())
        following = cycle(requests).__next__

        def call() -> None:
            """Answer a request on each connection, in as few turns of the loop as it takes."""
            for client in clients:
                client.send(following())
            unanswered, end = clients, monotonic() + ANSWER_SECONDS
            while unanswered:
                if monotonic() > end:
                    raise RuntimeError(f"the server did not answer within {ANSWER_SECONDS:g} s")
                loop.call_soon(loop.stop)
                loop.run_forever()
                unanswered = [client for client in unanswered if not _answered(client)]

        return call

    return make


@cache
def _mix(service: str, count: int) -> tuple[dict[str, str], list[bytes]]:
    """Return the environment of a service's demo store, and requests of its usual mix."""
    from local.serve.demo import with_demo_store
    from local.workloads.mix import requests_of

    environ = with_demo_store(os.environ, [service])
    return environ, [_request(prepared.path) for prepared in requests_of({service: 1}, 6, environ, count)]


def _answered(client: socket.socket) -> bool:
    try:
        return bool(client.recv(1 << 20))
    except BlockingIOError:
        return False


def _request(path: str) -> bytes:
    head = "HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nUser-Agent: bench/1.0\r\nAccept-Encoding: gzip\r\n\r\n"
    return f"GET {path} {head}".encode()


def _observing() -> Call:
    """All that is done for the metrics of one good answer on the direct path."""
    from container.metrics.recorder import Metrics
    from functions.qrcode.handler import SERVICE

    metrics = Metrics([SERVICE]).services[SERVICE.name]

    def call() -> None:
        arrived = monotonic()
        metrics.answered(monotonic() - arrived)

    return call


def _benches(service: str) -> list[Bench]:
    closed, rested = f"server {service}, closed loop", f"server {service}, rested"
    return [
        Bench(closed, _served(service, CONNECTIONS), requests=CONNECTIONS),
        Bench(f"{closed}, parsed", _served(service, CONNECTIONS, direct=False), None, closed, requests=CONNECTIONS),
        Bench(rested, _served(service, 1)),
        Bench(f"{rested}, parsed", _served(service, 1, direct=False), None, rested),
    ]


BENCHES = (
    *(bench for service in ("qrcode", "blockchain", "twitter") for bench in _benches(service)),
    Bench("server metrics", _observing, None, "server qrcode, closed loop", 1 / MAX_OBSERVING_SHARE),
)
