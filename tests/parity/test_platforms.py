"""Lambda against container: every source gives the bytes that HTTP gives."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.lambda_entry import lambda_handler
from crossover.seam import Service
from crossover.stores import load
from functions.blockchain.handler import SERVICE as BLOCKCHAIN
from functions.qrcode.handler import SERVICE as QRCODE
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.faults import FAULTS
from local.workloads.blockchain.making import made, make
from tests.services.notes import SERVICE as NOTES
from tests.services.primes import SERVICE as PRIMES
from tests.support.events import REPEATS, SHAPES, Pairs, visible
from tests.support.server import running_server

IDENTITY = {"TEAM_NAME": "Crossover", "TEAM_AWS_ACCOUNT": "000000000000", "LOG_SAMPLE_RATE": "0"}
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "qrcode.json").read_text())

Ask = Callable[[str, Pairs], tuple[int, str, str | None, bytes]]


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('notes')}/notes.db"
    load(url, [(b"one", "first note, naïve ☕".encode()), (b"empty", b"")])
    return {**IDENTITY, "NOTES_STORE": url}


@pytest.fixture(scope="module")
def over_http(environ: dict[str, str]) -> Iterator[Ask]:
    settings = {name.lower(): value for name, value in environ.items()}
    settings |= {"crossover_services": "qrcode,blockchain,notes,primes", "compute_seconds": "60"}
    with running_server("tests.support.bundle", **settings) as server:
        client = HTTPConnection("127.0.0.1", server.port)

        def ask(path: str, pairs: Pairs) -> tuple[int, str, str | None, bytes]:
            query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
            client.request("GET", f"{path}?{query}")
            answer = client.getresponse()
            content_type = answer.headers["content-type"]
            return answer.status, content_type, answer.headers.get("x-invalid-reason"), answer.read()

        yield ask
        client.close()


@pytest.fixture(scope="module")
def handlers(environ: dict[str, str]) -> dict[str, Callable[[dict[str, Any], Any], dict[str, Any]]]:
    return {f"/{service.name}": lambda_handler(service, environ) for service in (QRCODE, BLOCKCHAIN, NOTES, PRIMES)}


@pytest.fixture(scope="module")
def everywhere(over_http: Ask, handlers: dict[str, Any]) -> Callable[[str, Pairs], bytes]:
    """Asks every source; gives the body where they all agree."""

    def ask(path: str, pairs: Pairs) -> bytes:
        expected = over_http(path, pairs)
        names = [name for name, _ in pairs]
        for shape, event in SHAPES.items():
            if len(names) == len(set(names)) or shape in REPEATS:
                assert visible(handlers[path](event(path, pairs), None)) == expected, shape
        return expected[3].partition(b"\n")[2]

    return ask


Everywhere = Callable[[str, Pairs], bytes]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["op"] in ("encode", "decode")], ids=lambda v: v["data"][:20]
)
def test_published_vectors(everywhere: Everywhere, vector: dict[str, str]) -> None:
    assert everywhere("/qrcode", [("type", vector["op"]), ("data", vector["data"])]).decode() == vector["expect"]


@given(st.text(max_size=30), st.sampled_from(["encode", "decode", "other", ""]))
def test_any_text_in_any_direction(everywhere: Everywhere, text: str, kind: str) -> None:
    everywhere("/qrcode", [("type", kind), ("data", text)])


@given(st.lists(st.tuples(st.sampled_from(["type", "data", "timestamp"]), st.text(max_size=4)), max_size=5))
def test_missing_and_repeated_parameters(everywhere: Everywhere, pairs: Pairs) -> None:
    everywhere("/qrcode", pairs)


def test_a_service_that_fetches(everywhere: Everywhere) -> None:
    assert everywhere("/notes", [("id", "one")]) == "first note, naïve ☕".encode()
    assert everywhere("/notes", [("id", "empty")]) == b""
    assert everywhere("/notes", [("id", "none")]) == b"INVALID"
    assert everywhere("/notes", [("id", "one"), ("id", "one")]) == b"INVALID"


@given(st.integers(0, 10**9))
def test_a_service_that_computes(everywhere: Everywhere, number: int) -> None:
    prime = int(everywhere("/primes", [("from", str(number))]))
    assert prime >= number
    assert all(prime % divisor for divisor in range(2, min(prime, 1000)))


def test_a_computation_that_ends_without_a_result(everywhere: Everywhere) -> None:
    assert everywhere("/primes", [("from", "9" * 18)]) == b"INVALID"


@pytest.mark.parametrize("path", ["/qrcode/", "/nowhere", "/qrcode/x"])
def test_other_paths(over_http: Ask, handlers: dict[str, Any], path: str) -> None:
    for event in SHAPES.values():
        assert visible(handlers["/qrcode"](event(path, []), None)) == over_http(path, [])


def test_made_blockchain_requests_valid_and_with_every_fault(everywhere: Everywhere) -> None:
    random_ = random.Random(1)
    requests = [make(random_, Shape(), fault) for fault in FAULTS.values()]
    requests += islice(made(2, Shape()), 20)
    for request in requests:
        # A query string is split as event sources split it: what is faulty in itself stays so.
        pairs = parse_qsl(request.query, keep_blank_values=True)
        result = everywhere("/blockchain", pairs)
        assert (result == b"INVALID") == (request.verdict == "INVALID"), request.fault


@pytest.mark.essential
@pytest.mark.parametrize("service", [QRCODE, BLOCKCHAIN, NOTES, PRIMES], ids=lambda service: service.name)
def test_every_documented_example_is_answered(everywhere: Everywhere, service: Service) -> None:
    for example in service.examples:
        body = everywhere(f"/{service.name}", parse_qsl(example.query))
        assert example.result is None or service.same(body, example.result.encode())
