"""Serve a guest's application by uvicorn: what its container would run."""

from __future__ import annotations

import argparse
import socket
import sys

from .loading import load_or_exit

KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s after which an AWS load balancer closes an idle connection."""


def main() -> None:
    """Serve `APP HOST PORT [--quiet]` until a signal ends the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("app")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--quiet", action="store_true")
    arguments = parser.parse_args()
    _check_address(arguments.host, arguments.port)
    application = load_or_exit(arguments.app)

    import uvicorn

    uvicorn.run(
        application.asgi,
        host=arguments.host,
        port=arguments.port,
        lifespan="auto" if application.kind == "asgi" else "off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        access_log=not arguments.quiet,
        log_level="warning" if arguments.quiet else "info",
    )


def _check_address(host: str, port: int) -> None:
    """End the process with one line where nothing can listen there: uvicorn says it in several."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as problem:
        said = f"cannot listen on {host}:{port} ({problem.strerror}); give another --host or --port"
        print(f"crossover: {said}", file=sys.stderr, flush=True)  # noqa: T201
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
