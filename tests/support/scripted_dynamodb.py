"""A server on loopback that gives DynamoDB's answers as a test scripts them, over real connections."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from crossover_dynamodb.generation import META, META_KEY, Generation, switch_values
from crossover_dynamodb.items import chunks, items_of, place_of

Scripted = tuple[int, Any] | Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a request by the next line of the script, or as `default` says."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for an answer, or the second would wait for an acknowledgement
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        operation = self.headers["x-amz-target"].partition(".")[2]
        self.server.asked.append((operation, json.loads(body), self.headers["authorization"]))
        scripted = self.server.script.pop(0) if self.server.script else self.server.default(operation)
        if callable(scripted):
            scripted(self)
            return
        status, answer = scripted
        self.answer(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The running server: what it was asked, and what it will answer."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, Any, str]] = []
        self.script: list[Scripted] = []
        self.default: Callable[[str], Scripted] = lambda _: (200, {})
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Be silent where a client has gone."""

    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self.asked]


def meta(generation: Generation) -> Any:
    """The item that says that a generation serves."""
    return META_KEY | {name[1:]: value for name, value in switch_values(generation).items()}


class Table:
    """The items of a table, read as DynamoDB reads them."""

    def __init__(self) -> None:
        self.items: dict[Any, Any] = {}
        self.stale_meta: Any = None
        self.unprocessed = 0

    def serve(self, generation: Generation, records: Any = ()) -> None:
        self.items[META] = meta(generation)
        for key, record in dict(records).items():
            for item in items_of(generation.prefix, key, chunks(key, record)):
                self.items[place_of(item)] = item

    def call(self, operation: str, request: Any) -> Any:
        if operation == "GetItem":
            return {"Item": self.items[META]} if META in self.items else {}
        (asked,) = request["RequestItems"].values()
        keys = asked["Keys"]
        left, self.unprocessed = keys[: self.unprocessed], 0
        found = []
        for key in keys[len(left) :]:
            place = place_of(key)
            if place == META and self.stale_meta:
                found.append(self.stale_meta)
            elif place in self.items:
                found.append(self.items[place])
        answer = {"Responses": {"tweets": found}}
        return answer | ({"UnprocessedKeys": {"tweets": {"Keys": left}}} if left else {})
