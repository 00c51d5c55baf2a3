"""The uvicorn shim: binds, then serves `container.app` in one process or in several."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from container import logs
from container.http.direct import DirectProtocol
from container.http.protocol import BoundedProtocol
from container.metrics.multiprocess import shared_folder
from container.settings import ContainerSettings
from crossover.settings import SettingError, load
from crossover.stores.lazy import check_store
from functions import registry

FACTORY = "container.app:create"


def bind(settings: ContainerSettings) -> socket.socket:
    """Return the listening socket. Raises `SettingError` where the address is not available."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, dualstack_ipv6=both)
    except OSError as problem:
        raise SettingError(
            f"cannot listen on {settings.host}:{settings.port} ({problem.strerror}); choose others with HOST and PORT"
        ) from problem
    listener.set_inheritable(True)
    return listener


def serve(
    settings: ContainerSettings,
    listener: socket.socket,
    factory: str = FACTORY,
    protocol: type[BoundedProtocol] = DirectProtocol,
) -> None:
    """Serve until SIGTERM (after a drain) or SIGINT (at once). `factory` makes the application in each worker.

    Raises `SettingError` where several workers find no place for what they share.
    """
    config = uvicorn.Config(
        factory,
        factory=True,
        http=protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        workers=settings.workers,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.stop_seconds,
        log_config=logs.CONFIGURATION,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
    )
    if settings.workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
        return
    with shared_folder():
        supervisor = Multiprocess(config, [listener])
        supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def main(factory: str = FACTORY, protocol: type[BoundedProtocol] = DirectProtocol) -> None:
    """Check the settings, bind and serve: what a pod runs as `python -m container`."""
    try:
        settings = load(ContainerSettings, os.environ)
        for service in registry.load(settings.service_names(), os.environ):
            check_store(service, os.environ)
        settings.offered_samples()
        settings.report_file()
        listener = bind(settings)
        with contextlib.suppress(KeyboardInterrupt):
            serve(settings, listener, factory, protocol)
    except SettingError as problem:
        sys.stderr.write(f"crossover: {problem}\n")
        sys.exit(2)
