"""Benchmarks of the QR code service: texts of 6 letters and digits, images with any turn, offset and noise."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from itertools import cycle

from crossover.seam import Request
from functions.qrcode.decode import decode
from functions.qrcode.encode import encode
from functions.qrcode.handler import start
from local.measure.microbench.measure import Bench, Call

_INPUTS = 512


def _texts() -> list[str]:
    chance = random.Random(6)  # noqa: S311 - inputs for measuring, the same in every run
    return ["".join(chance.choices(string.ascii_letters + string.digits, k=6)) for _ in range(_INPUTS)]


def _images() -> list[str]:
    from tests.reference import qrcode as reference

    chance = random.Random(32)  # noqa: S311 - as above
    images = []
    for text in _texts():
        code = reference.plain(reference.payload(text), reference.side(text))
        place = chance.randrange(4), chance.randrange(33 - len(code)), chance.randrange(33 - len(code))
        images.append(reference.image(chance.getrandbits(1024), (code, *place)))
    return images


def _on_bytes(function: Callable[[bytes], object], inputs: Callable[[], list[str]]) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle([value.encode() for value in inputs()]).__next__
        return lambda: function(following())

    return make


def _whole(kind: str, inputs: Callable[[], list[str]]) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle([f"type={kind}&data={value}".encode() for value in inputs()]).__next__
        return lambda: start(Request(following()))

    return make


def _reference_encode() -> Call:
    from tests.reference import qrcode as reference

    following = cycle(_texts()).__next__
    return lambda: reference.encode(following())


def _reference_decode() -> Call:
    from tests.reference import qrcode as reference

    following = cycle(_images()).__next__
    return lambda: reference.decode(following())


BENCHES = (
    Bench("qrcode encode", _on_bytes(encode, _texts), 6, "qrcode encode, reference", 50),
    Bench("qrcode decode", _on_bytes(decode, _images), 14, "qrcode decode, reference", 50),
    Bench("qrcode encode, whole request", _whole("encode", _texts)),
    Bench("qrcode decode, whole request", _whole("decode", _images)),
    Bench("qrcode encode, reference", _reference_encode),
    Bench("qrcode decode, reference", _reference_decode),
)
"""The limits are on the codec alone; a whole request is from the query string to the result."""
