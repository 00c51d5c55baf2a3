"""What clients of DynamoDB cost: CPU of a start and of a read, memory, and what they weigh.

Each is measured in a process of its own against a server that gives one fixed answer, an item of 1 kB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from threading import Thread
from typing import NamedTuple

from local.measure.experiments.result import ClientFigures, ClientsResult
from local.measure.statistics import rounded

RECORD_BYTES = 1_000
READS = 400
KEY = b64encode(b"12345678" + b"123456789").decode()
ITEM = {"i": {"B": KEY}, "p": {"N": "0"}, "r": {"B": b64encode(bytes(range(250)) * 4).decode()}}


class ClientProgram(NamedTuple):
    """One way to ask: a program that makes it, in lines that define `read`, and the packages that it needs."""

    name: str
    program: str
    packages: tuple[str, ...]
    chosen: bool = False


BOTO = ("botocore", "urllib3", "jmespath", "python-dateutil", "six")
GET = 'TableName="t", Key={"i": {"B": b"12345678123456789"}, "p": {"N": "0"}}, ReturnConsumedCapacity="TOTAL"'
CLIENTS = (
    ClientProgram(
        "boto3",
        f"""
import boto3
client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=URL)
read = lambda: client.get_item({GET})
""",
        ("boto3", "s3transfer", *BOTO),
    ),
    ClientProgram(
        "botocore",
        f"""
from botocore.session import Session
client = Session().create_client("dynamodb", region_name="us-east-1", endpoint_url=URL)
read = lambda: client.get_item({GET})
""",
        BOTO,
    ),
    ClientProgram(
        "botocore's signer, urllib3",
        """
import json
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
signer, pool = SigV4Auth(Credentials("a", "b"), "dynamodb", "us-east-1"), urllib3.PoolManager()
def read():
    body = json.dumps({"TableName": "t", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}).encode()
    headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", URL + "/", headers=headers, data=body)
    signer.add_auth(request)
    return json.loads(pool.request("POST", URL + "/", body=body, headers=dict(request.headers.items())).data)
""",
        BOTO,
    ),
    ClientProgram(
        "botocore's signer, http.client",
        """
import http.client, json
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
signer, kept = SigV4Auth(Credentials("a", "b"), "dynamodb", "us-east-1"), http.client.HTTPConnection(URL[7:])
def read():
    body = json.dumps({"TableName": "t", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}).encode()
    headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", URL + "/", headers=headers, data=body)
    signer.add_auth(request)
    kept.request("POST", "/", body, dict(request.headers.items()))
    return json.loads(kept.getresponse().read())
""",
        BOTO,
    ),
    ClientProgram(
        "this project",
        """
from crossover_dynamodb.client import Client
from crossover_dynamodb.credentials import LOCAL, FixedKeys
from crossover_dynamodb.target import parse
client = Client(parse(f"dynamodb://ttt?region=us-east-1&endpoint={URL}", {}), FixedKeys(LOCAL))
read = lambda: client.call("GetItem", {"TableName": "t", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"})
""",
        (),
        chosen=True,
    ),
)
PROGRAM = """
import sys, time
import crossover.lambda_entry
URL, KEY, READS = sys.argv[1], {"i": {"B": sys.argv[2]}, "p": {"N": "0"}}, int(sys.argv[3])
begun = time.process_time()
%s
started = time.process_time()
answer = read()
assert answer["Item"]["p"] == {"N": "0"}, answer
warm = time.process_time()
for _ in range(READS):
    read()
done = time.process_time()
import psutil
resident = psutil.Process().memory_info().rss / 1e6
print((started - begun) * 1e3, (warm - started) * 1e3, (done - warm) / READS * 1e6, resident)
"""


def measure(rounds: int, step: Callable[[str], None]) -> ClientsResult:
    """Measure every client in each round; the medians count."""
    runs: dict[str, list[list[float]]] = {client.name: [] for client in CLIENTS}
    with _answering() as url:
        for number in range(1, rounds + 1):
            step(f"round {number} of {rounds}")
            for client in CLIENTS:
                runs[client.name].append(_run(client, url))
    figures = []
    for client in CLIENTS:
        start, first, read, resident = (rounded(median(values)) for values in zip(*runs[client.name], strict=True))
        weight = rounded(sum(_mb(package) for package in client.packages))
        figures.append(
            ClientFigures(
                client=client.name,
                chosen=client.chosen,
                start_ms=start,
                first_read_ms=first,
                read_us=read,
                resident_mb=resident,
                installed_mb=weight,
            )
        )
    return ClientsResult(clients=figures, rounds=rounds, reads=READS)


def _run(client: ClientProgram, url: str) -> list[float]:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % client.program, url, KEY, str(READS)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


def _mb(package: str) -> float:
    files = [Path(str(file.locate())) for file in distribution(package).files or ()]
    return sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc") / 1e6


@contextmanager
def _answering() -> Iterator[str]:
    body = json.dumps({"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5}, "Item": ITEM}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write for an answer, or the second would wait for an acknowledgement

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("x-amz-crc32", str(zlib.crc32(body)))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
