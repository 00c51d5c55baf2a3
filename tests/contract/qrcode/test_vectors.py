"""What was published has to come out, byte for byte: of the service, and of the reference that it is compared with."""

import json
from pathlib import Path

import pytest

from crossover.seam import Request
from functions.qrcode.decode import decode
from functions.qrcode.encode import encode
from functions.qrcode.handler import SERVICE
from tests.reference import qrcode as reference

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "qrcode.json").read_text())


def published(operation: str) -> list[object]:
    return [pytest.param(v["data"], v["expect"], id=v["expect"][:12]) for v in VECTORS if v["op"] == operation]


@pytest.mark.parametrize(("text", "code"), published("encode"))
def test_a_published_text_gives_its_published_code(text: str, code: str) -> None:
    assert encode(text.encode()).decode() == code
    assert reference.encode(text) == code


@pytest.mark.parametrize(("image", "text"), published("decode"))
def test_a_published_image_gives_its_published_text(image: str, text: str) -> None:
    assert decode(image.encode()).decode() == text
    assert reference.decode(image) == text


@pytest.mark.parametrize(("text", "plain"), published("encode_plain"))
def test_a_code_without_its_encryption_is_the_published_plain_one(text: str, plain: str) -> None:
    side = reference.side(text)
    modules = "".join(
        f"{int(group, 16):0{min(32, side * side - 32 * k)}b}"
        for k, group in enumerate(encode(text.encode()).decode().split("0x")[1:])
    )
    rows = [[int(module) for module in modules[side * r : side * (r + 1)]] for r in range(side)]
    assert reference.to_hex(reference.encrypt(rows)) == plain
    assert reference.to_hex(reference.plain(reference.payload(text), side)) == plain


@pytest.mark.parametrize(("text", "payload"), published("payload"))
def test_the_reference_makes_the_published_payload(text: str, payload: str) -> None:
    assert bytes(reference.payload(text)).hex() == payload


@pytest.mark.parametrize("example", SERVICE.examples, ids=lambda example: example.title)
def test_a_documented_example_gives_its_documented_result(example) -> None:
    assert SERVICE.start(Request(example.query.encode())) == example.result.encode()
