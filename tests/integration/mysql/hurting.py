"""What only a test does to a database server."""

from __future__ import annotations

import os
import signal

from local.data.mysql.server import PrivateServer
from tests.support import pausing


def kill(server: PrivateServer) -> None:
    """Ends the server as a crash would, and waits for its end."""
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def pause(server: PrivateServer) -> None:
    """Stops the server with its connections open: it hangs."""
    pausing.pause(server.pid)


def resume(server: PrivateServer) -> None:
    """Lets a paused server continue."""
    pausing.resume(server.pid)
