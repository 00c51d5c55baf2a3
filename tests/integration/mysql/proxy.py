"""A TCP proxy between a client and a database: it remembers what the client says, and cuts the line when told to."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

COM_QUIT, COM_QUERY = 1, 3


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything on to another."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.said: list[bytes] = []
        """What each connection's client sent after the handshake, as one stream of packets."""
        self.cut_after: int | None = None
        """How many bytes more the database may say in all before the line is cut, once."""
        self.trickle_seconds: float | None = None
        """Where this is set, what the database says is passed on byte by byte, with such a pause before each."""
        self.trickled = 0
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def commands(self) -> list[tuple[int, bytes]]:
        """Every command that clients sent: its code and its text, handshakes left out."""
        found = []
        for stream in self.said:
            at = 0
            while at + 5 <= len(stream):
                length = int.from_bytes(stream[at : at + 3], "little")
                if stream[at + 3] == 0:
                    found.append((stream[at + 4], stream[at + 5 : at + 4 + length]))
                at += 4 + length
        return found

    def close(self) -> None:
        self._cut(self._listener)
        for line in self._lines:
            self._cut(line)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._lines += [client, server]
                at = self.accepted
                self.accepted += 1
                self.said.append(b"")
                threading.Thread(target=self._upwards, args=(client, server, at), daemon=True).start()
                threading.Thread(target=self._downwards, args=(server, client), daemon=True).start()

    def _upwards(self, client: socket.socket, server: socket.socket, at: int) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.said[at] += data
                server.sendall(data)
        self._cut(client)
        self._cut(server)

    def _downwards(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if self.cut_after is not None:
                    if len(data) > self.cut_after:
                        client.sendall(data[: self.cut_after])
                        self.cut_after = None
                        break
                    self.cut_after -= len(data)
                if self.trickle_seconds is None:
                    client.sendall(data)
                else:
                    self._trickle(client, data, self.trickle_seconds)
        self._cut(client)
        self._cut(server)

    def _trickle(self, client: socket.socket, data: bytes, pause: float) -> None:
        for byte in data:
            time.sleep(pause)
            client.sendall(bytes((byte,)))
            self.trickled += 1

    @staticmethod
    def _cut(line: socket.socket) -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()
