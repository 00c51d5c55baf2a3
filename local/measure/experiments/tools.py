"""The tools that each step of the blockchain service could use, and how one of them was chosen.

Measured is how long a tool takes over the real requests, and what it weighs in a Lambda layer.
"""

from __future__ import annotations

import binascii
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from itertools import cycle
from pathlib import Path
from typing import Any

import gmpy2
import msgspec
import orjson
import pybase64
from isal import isal_zlib

from crossover.runner import InlineRunner, answer_at_once
from functions.blockchain.codec import decode, inflate, parse_request, to_json
from functions.blockchain.handler import SERVICE
from functions.blockchain.ledger import ChainAnswer
from functions.blockchain.limits import ChainLimits
from functions.blockchain.toy_rsa import MODULUS
from local.errors import UserError
from local.measure.experiments.result import ToolFigures, ToolsResult
from local.measure.microbench.blockchain import queries
from local.measure.microbench.measure import Bench, Call, measure
from local.program import run_program

LIMITS = ChainLimits()
MAX_JSON_BYTES = LIMITS.cc_max_bytes + 1
IMPORT_SECONDS = 60


@dataclass(frozen=True)
class Tool:
    """One way to do a step. `package` is what has to be installed for it, if anything; `module` what is imported."""

    step: str
    name: str
    use: Callable[[Any], object]
    package: str | None = None
    module: str | None = None
    chosen: bool = False
    inputs_of: str | None = None
    """The step whose inputs it takes, if not its own."""


@cache
def inputs() -> dict[str, list[Any]]:
    """Return what each step is given by the valid requests of the vectors."""
    ccs = [query.removeprefix(b"cc=") for query in queries("valid")]
    texts = [inflate(cc, LIMITS) for cc in ccs]
    signed = [tx for cc in ccs for block in decode(cc, LIMITS).chain for tx in block.all_tx[:-1]]
    answers = [answer_at_once(SERVICE, query, InlineRunner()) for query in queries("valid")]
    packed = [pybase64.urlsafe_b64decode(answer) for answer in answers]
    written = [zlib.decompress(record) for record in packed]
    return {
        "from base64": ccs,
        "inflate": [pybase64.urlsafe_b64decode(cc) for cc in ccs],
        "read JSON": texts,
        "verify": [(tx.sig, tx.send, int(str(tx.hash), 16)) for tx in signed],
        "write JSON": [msgspec.json.decode(text, type=ChainAnswer) for text in written],
        DICTIONARIES: [json.loads(text) for text in written],
        "deflate": written,
        "to base64": packed,
    }


TO_STANDARD = bytes.maketrans(b"-_+/", b"+/!!")
TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
P, Q = 1231697, 1268093
DICTIONARIES = "dictionaries"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _isal(level: int) -> Callable[[bytes], bytes]:
    return lambda text: isal_zlib.compress(text, level)


def _zlib(level: int) -> Callable[[bytes], bytes]:
    return lambda text: zlib.compress(text, level)


def _inflated(stream: Any, packed: bytes) -> tuple[object, ...]:
    return stream.decompress(packed, MAX_JSON_BYTES), stream.eof, stream.unused_data


def _checked(value: Any) -> Any:
    """Return the least that untyped JSON needs beside: the types of the values."""
    for block in value["chain"]:
        for tx in block["all_tx"]:
            for key, item in tx.items():
                if type(item) is not (str if key in ("time", "hash") else int):
                    raise ValueError
    return value


def _by_primes(signed: tuple[int, int, int]) -> bool:
    signature, account, hashed = signed
    account -= 1
    return (
        pow(signature, account % (P - 1) + 1, P) == hashed % P
        and pow(signature, account % (Q - 1) + 1, Q) == hashed % Q
    )


TOOLS = (
    Tool(
        "from base64",
        "pybase64",
        lambda cc: pybase64.b64decode(cc, altchars=b"-_", validate=True),
        "pybase64",
        "pybase64",
        chosen=True,
    ),
    Tool(
        "from base64",
        "binascii",
        lambda cc: binascii.a2b_base64(cc.translate(TO_STANDARD), strict_mode=True),
        None,
        "binascii",
    ),
    Tool("inflate", "zlib", lambda packed: _inflated(zlib.decompressobj(), packed), None, "zlib", chosen=True),
    Tool("inflate", "isal", lambda packed: _inflated(isal_zlib.decompressobj(), packed), "isal", "isal.isal_zlib"),
    Tool("read JSON", "msgspec, typed", parse_request, "msgspec", "msgspec", chosen=True),
    Tool("read JSON", "orjson, checked", lambda text: _checked(orjson.loads(text)), "orjson", "orjson"),
    Tool("read JSON", "json, checked", lambda text: _checked(json.loads(text)), None, "json"),
    Tool(
        "verify",
        "gmpy2.powmod",
        lambda signed: gmpy2.powmod(signed[0], signed[1], MODULUS) == signed[2],
        "gmpy2",
        "gmpy2",
        chosen=True,
    ),
    Tool("verify", "pow by the two primes", _by_primes),
    Tool("verify", "pow", lambda signed: pow(signed[0], signed[1], MODULUS) == signed[2]),
    Tool("write JSON", "msgspec", to_json, "msgspec", "msgspec", chosen=True),
    Tool("write JSON", "orjson", orjson.dumps, "orjson", "orjson", inputs_of=DICTIONARIES),
    Tool("write JSON", "json", _json, None, "json", inputs_of=DICTIONARIES),
    *[
        Tool("deflate", f"isal, level {level}", _isal(level), "isal", "isal.isal_zlib", level == 1)
        for level in (0, 1, 2)
    ],
    Tool("deflate", "zlib, level 1", _zlib(1), None, "zlib"),
    Tool("deflate", "zlib, level 6", _zlib(6), None, "zlib"),
    Tool("to base64", "pybase64", pybase64.urlsafe_b64encode, "pybase64", "pybase64", chosen=True),
    Tool(
        "to base64",
        "binascii",
        lambda packed: binascii.b2a_base64(packed, newline=False).translate(TO_URL_SAFE),
        None,
        "binascii",
    ),
)


def run(rounds: int) -> Iterator[ToolsResult]:
    """Measure all tools in rounds; yield the figures so far after each."""
    benches = [Bench(f"{tool.step}: {tool.name}", _call(tool)) for tool in TOOLS]
    weights = [_weight(tool) for tool in TOOLS]
    for results in measure(benches, rounds):
        yield ToolsResult(
            tools=[
                ToolFigures(
                    step=tool.step,
                    tool=tool.name,
                    chosen=tool.chosen,
                    cpu_us=round(result.microseconds, 3),
                    units=round(result.units, 2),
                    **weight,
                )
                for tool, result, weight in zip(TOOLS, results, weights, strict=True)
            ]
        )


def _call(tool: Tool) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle(inputs()[tool.inputs_of or tool.step]).__next__
        use = tool.use
        return lambda: use(following())

    return make


def _weight(tool: Tool) -> dict[str, Any]:
    sizes = _output(tool)
    if tool.package is None:
        return {"import_ms": 0.0, "installed_mb": 0.0, "zipped_mb": 0.0, "bytes": sizes}
    installed, zipped = _sizes(tool.package)
    return {"import_ms": _import_ms(str(tool.module)), "installed_mb": installed, "zipped_mb": zipped, "bytes": sizes}


def _output(tool: Tool) -> int | None:
    """Return bytes that the step makes of a request on average, where tools differ in that."""
    if tool.step != "deflate":
        return None
    made: list[Any] = [tool.use(text) for text in inputs()[tool.step]]
    return round(sum([len(request) for request in made]) / len(made))


@cache
def _sizes(package: str) -> tuple[float, float]:
    """MB of an installed package, as it is and zipped. Compiled caches, which a layer has none of, are left out."""
    files = [Path(str(file.locate())) for file in distribution(package).files or ()]
    files = [file for file in files if file.is_file() and file.suffix != ".pyc"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number, file in enumerate(files):
            zipped.write(file, f"{number}-{file.name}")
    return round(sum(file.stat().st_size for file in files) / 1e6, 2), round(len(archive.getvalue()) / 1e6, 2)


@cache
def _import_ms(module: str) -> float:
    """Least CPU of three first imports, in a process that has already what every function of the bundle imports."""
    program = (
        f"import time, crossover.lambda_entry; start = time.process_time(); import {module}; "
        "print(time.process_time() - start)"
    )
    runs = [run_program([sys.executable, "-c", program], IMPORT_SECONDS) for _ in range(3)]
    if failed := next((run for run in runs if run.returncode), None):
        raise UserError(f"{module} cannot be imported: {' '.join(failed.stderr.split())[-300:]}")
    return round(min(float(run.stdout) for run in runs) * 1000, 1)
