"""moto in server mode: secrets, parameters, databases' descriptions and tables, kept in memory, never on AWS."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class AwsServices:
    """The running server."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="aws services", daemon=True)
        host = f"[{server.host}]" if ":" in server.host else server.host
        self.address = f"http://{host}:{server.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which boto3 reaches this server."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until the process is asked to end."""
        self._thread.join()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _KeepAliveHandler(WSGIRequestHandler):
    """Keeps connections open, as AWS does."""

    protocol_version = "HTTP/1.1"


@contextmanager
def serve(host: str = "127.0.0.1", port: int = 0) -> Iterator[AwsServices]:
    """Serve in a thread of its own; port 0 takes a free one.

    Raises:
        OSError: where the port is taken.
    """
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by accepted sockets
        listener.bind((host, port))
        listener.listen(128)
        port = listener.getsockname()[1]
        application = DomainDispatcherApplication(create_backend_app)
        services = AwsServices(
            make_server(host, port, application, True, request_handler=_KeepAliveHandler, fd=listener.fileno())
        )
        services.start()
        try:
            yield services
        finally:
            services.close()
