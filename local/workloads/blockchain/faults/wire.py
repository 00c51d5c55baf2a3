"""Faults of what carries the values: JSON text, zlib stream, base64, query string; and what is too much of each."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from urllib.parse import quote

from local.workloads.blockchain.faults.kinds import Stage, register

LIMIT_CHARACTERS = 12_288
"""Characters of a `cc` that the service takes."""
LIMIT_BYTES = 1_048_576
"""Bytes of the JSON within."""


def _text(name: str, make: Callable[[str], str | bytes], code: str = "shape") -> None:
    register(Stage.TEXT, name, code, lambda text, _: make(text))


def _stream(name: str, make: Callable[[bytes, random.Random], bytes]) -> None:
    register(Stage.STREAM, name, "encoding", make)


def _cc(name: str, make: Callable[[str, random.Random], str]) -> None:
    register(Stage.CC, name, "encoding", make)


def _again(text: str, key: str) -> str:
    """Return the text with one of its keys, and what stands under it, twice."""
    at = text.index(f'"{key}":')
    end = min(end for end in (text.find(",", at), text.find("}", at)) if end > 0)
    return f"{text[:at]}{text[at:end]},{text[at:]}"


def _last(text: str, old: str, new: str) -> str:
    before, _, after = text.rpartition(old)
    return f"{before}{new}{after}"


# JSON text. A key is given twice with the same value, so that whichever counts is right.
_text("duplicate-key-in-request", lambda text: _again(text, "new_target"))
_text("duplicate-key-in-block", lambda text: _again(text, "pow"))
_text("duplicate-key-in-transaction", lambda text: _again(text, "recv"))
_text("duplicate-key-escaped", lambda text: _again(text, "amt").replace('"amt"', '"\\u0061mt"', 1))
_text("nan", lambda text: _last(text, '"id":', '"id":NaN,"was":'))
_text("infinity", lambda text: _last(text, '"recv":', '"recv":-Infinity,"was":'))
_text("number-with-exponent", lambda text: text.replace('"amt":500000000', '"amt":5e8', 1))
_text("number-with-fraction", lambda text: text.replace('"amt":500000000', '"amt":500000000.0', 1))
_text("number-with-leading-zero", lambda text: text.replace('"id":1,', '"id":01,', 1))
_text("number-with-plus", lambda text: text.replace('"id":1,', '"id":+1,', 1))
_text("single-quotes", lambda text: text.replace('"', "'"))
_text("trailing-comma", lambda text: f"{text[:-1]},}}")
_text("comment", lambda text: f"{text}/* */")
_text("cut-json", lambda text: text[:-1])
_text("text-after-json", lambda text: f"{text}{{}}")
_text("byte-order-mark", lambda text: f"\ufeff{text}")
_text("zero-byte-after-json", lambda text: f"{text}\0")
_text("not-utf-8", lambda text: text.replace('"pow":"', '"pow":"\0', 1).encode().replace(b"\0", b"\xff"))
_text("utf-16", lambda text: text.encode("utf-16"))
_text("control-character", lambda text: text.replace('"pow":"', '"pow":"\n', 1))
_text("lone-surrogate", lambda text: text.replace('"pow":"', '"pow":"\\ud800', 1))
_text("deep-lists", lambda text: "[" * 5000 + "]" * 5000)
_text("deep-objects", lambda text: '{"chain":' * 5000 + "1" + "}" * 5000)
_text("empty-text", lambda text: "")
_text("text-of-python", lambda text: text.replace('"new_tx":', '"new_tx":None or '))
_text("too-many-bytes", lambda text: text + " " * (LIMIT_BYTES + 1 - len(text)), code="limit")

# zlib.
_stream("cut-stream", lambda stream, random_: stream[: random_.randint(len(stream) // 2, len(stream) - 1)])
_stream("cut-checksum", lambda stream, _: stream[:-1])
_stream("wrong-checksum", lambda stream, _: stream[:-1] + bytes([stream[-1] ^ 1]))
_stream("byte-after-stream", lambda stream, _: stream + b"\0")
_stream("stream-after-stream", lambda stream, _: stream + stream)
_stream("gzip", lambda stream, _: gzip.compress(zlib.decompress(stream), mtime=0))
_stream("raw-deflate", lambda stream, _: stream[2:-4])
_stream("no-compression-at-all", lambda stream, _: zlib.decompress(stream))
_stream("garbage", lambda stream, random_: random_.randbytes(random_.randint(1, 9_000)))
_stream("wrong-header", lambda stream, _: bytes([stream[0] ^ 0x0F]) + stream[1:])

# base64.


def _inside(made: str) -> Callable[[str, random.Random], str]:
    def make(cc: str, random_: random.Random) -> str:
        at = random_.randrange(4, len(cc) - 8)
        return cc[:at] + made + cc[at:]

    return make


def _of_other_alphabet(cc: str) -> str:
    """Return the same bytes in base64's first alphabet; one text in thousands is the same in both, and is spoilt."""
    other = cc.translate(str.maketrans("-_", "+/"))
    return other if other != cc else f"+{cc[1:]}"


_cc("base64-character", lambda cc, random_: f"{cc[:20]}{random_.choice('!~.*:,')}{cc[21:]}")
_cc("base64-space", _inside(" "))
_cc("base64-line-feed", _inside("\n"))
_cc("base64-line-feed-at-end", lambda cc, _: f"{cc}\n")
_cc("base64-space-before", lambda cc, _: f" {cc}")
_cc("base64-not-ascii", _inside("é"))
_cc("base64-padding-inside", _inside("===="))
_cc("base64-of-other-alphabet", lambda cc, _: _of_other_alphabet(cc))
_cc("base64-of-odd-length", lambda cc, _: cc.rstrip("=")[: (len(cc.rstrip("=")) - 2) // 4 * 4 + 1])
_cc("base64-too-much-padding", lambda cc, _: f"{cc.rstrip('=')}=====")
_cc("hex", lambda cc, _: cc.encode().hex())
_cc("empty", lambda cc, _: "")


def _many_characters(stream: bytes, random_: random.Random) -> bytes:
    """White space by chance packs to two bits a byte: a few characters too many, and still a head that servers take."""
    packing = zlib.compressobj(strategy=zlib.Z_HUFFMAN_ONLY)
    spaces = bytes(random_.choices(b" \t\n\r", k=LIMIT_CHARACTERS * 5 // 2))
    return packing.compress(zlib.decompress(stream) + spaces) + packing.flush()


register(Stage.STREAM, "too-many-characters", "limit", _many_characters)

# The query string.
register(Stage.QUERY, "cc-missing", "parameter", lambda query, _: f"CC={query[3:]}")
register(Stage.QUERY, "cc-twice", "parameter", lambda query, _: f"{query}&{query}")
register(Stage.QUERY, "cc-twice-once-encoded", "parameter", lambda query, _: f"{query}&{quote('c')}%63=")
register(Stage.QUERY, "too-many-parameters", "parameter", lambda query, _: query + "&a=1" * 64)
