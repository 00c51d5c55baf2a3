"""What the QR code service answers to a request, good and bad."""

import subprocess
import sys

import pytest

from crossover.seam import Invalid, Request
from functions.qrcode.encode import encode, hex_groups
from functions.qrcode.handler import SERVICE
from functions.registry import load
from tests.reference import qrcode as reference

GOOD = reference.image(0, (reference.plain(reference.payload("3l8k0L"), 21), 1, 5, 7))
ONE_DIGIT = "0x0" * 32


def answer(query: str) -> bytes:
    result = SERVICE.start(Request(query.encode()))
    assert isinstance(result, bytes)
    return result


def reason(query: str) -> str:
    with pytest.raises(Invalid) as caught:
        answer(query)
    assert caught.value.code in SERVICE.reasons
    return caught.value.code


def damaged(payload: list[int], side: int = 21) -> str:
    return reference.image(0, (reference.plain(payload, side), 0, 0, 0))


def test_the_registry_has_the_service() -> None:
    assert load(["qrcode"]) == [SERVICE]
    assert SERVICE.name == "qrcode"
    assert [parameter.name for parameter in SERVICE.parameters] == ["type", "data"]


def test_a_text_may_be_percent_encoded_or_not() -> None:
    assert (
        answer("type=encode&data=CC%20Team") == answer("type=encode&data=CC+Team") == answer("data=CC Team&type=encode")
    )


def test_other_parameters_are_ignored() -> None:
    assert answer("timestamp=1582520400&type=encode&data=abc&timestamp=2") == encode(b"abc")


def test_an_empty_text_is_a_text() -> None:
    assert answer("type=encode&data=").decode() == reference.encode("")
    assert answer(f"type=decode&data={damaged(reference.payload(''))}") == b""


def test_a_control_character_is_a_character() -> None:
    image = damaged(reference.payload("a\0\n\x7f"))
    assert answer(f"type=decode&data={image}") == b"a\0\n\x7f"


def test_hex_digits_may_be_of_either_case_and_have_leading_zeros() -> None:
    full = "".join(f"0x{int(group, 16):08X}" for group in GOOD.split("0x")[1:])
    assert answer(f"type=decode&data={full}") == answer(f"type=decode&data={GOOD}") == b"3l8k0L"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "type=encode",
        "data=abc",
        "type=&data=abc",
        "type=draw&data=abc",
        "type=ENCODE&data=abc",
        "type=encode&type=encode&data=abc",
        "type=encode&data=abc&data=abc",
        "type=decode",
        f"type=decode&data={GOOD}&data=",
        "type=encode&data=abc" + "&x=1" * 64,
    ],
)
def test_a_parameter_that_is_missing_unknown_or_given_twice_is_invalid(query: str) -> None:
    assert reason(query) == "parameter"


def test_a_text_longer_than_22_characters_is_invalid() -> None:
    assert answer(f"type=encode&data={'x' * 22}").decode() == reference.encode("x" * 22)
    assert reason(f"type=encode&data={'x' * 23}") == "length"
    assert reason(f"type=encode&data={'%41' * 23}") == "length"


@pytest.mark.parametrize("text", ["%C3%A9", "é", "%80", "%FF", "abc%F0%9F%98%80", "%C3%A9" * 30])
def test_a_text_that_is_not_ascii_is_invalid_however_long(text: str) -> None:
    assert reason(f"type=encode&data={text}") == "character"


@pytest.mark.parametrize(
    "image",
    [
        "",
        "0x",
        "x" * 200,
        "0x0" * 31,
        "0x0" * 33,
        "0x0" * 31 + "0x",
        "0x" + "0x0" * 31,
        "0x0" * 15 + "0x" + "0x00" * 16,
        "0x0" * 31 + "0x000000000",
        "0x000000000" + "0x0" * 31,
        "0" + ONE_DIGIT,
        ONE_DIGIT + "x",
        "0X0" * 32,
        "0xg" + "0x0" * 31,
        "0x_1" + "0x0" * 31,
        "0x-1" + "0x0" * 31,
        "0x+1" + "0x0" * 31,
        "0x%2B1" + "0x0" * 31,
        "0x 1" + "0x0" * 31,
        "0x%0A1" + "0x0" * 31,
        "0x%001" + "0x0" * 31,
        "0x1%00" + "0x0" * 31,
        "0x%00" + "0x0" * 31,
        "0x000000000%00" + "0x0" * 31,
        "0x%C3%A9" + "0x0" * 31,
        "0x%EF%BC%91" + "0x0" * 31,
        ONE_DIGIT.replace("0x", "0x,", 1),
    ],
)
def test_an_image_that_is_not_32_groups_of_hex_is_invalid(image: str) -> None:
    assert reason(f"type=decode&data={image}") == "hex"


@pytest.mark.parametrize("image", ["0x00000000" * 32 + "0", "0x00000000" * 33, "z" * 9999])
def test_an_image_of_more_than_320_characters_is_invalid_before_it_is_read(image: str) -> None:
    assert reason(f"type=decode&data={image}") == "length"


@pytest.mark.parametrize("image", [ONE_DIGIT, "0xffffffff" * 32])
def test_an_image_without_a_code_is_invalid(image: str) -> None:
    assert reason(f"type=decode&data={image}") == "image"


def test_finders_that_are_not_whole_are_no_code() -> None:
    for row in range(7):
        for column in range(7):
            code = reference.plain(reference.payload("3l8k0L"), 21)
            code[row][14 + column] ^= 1
            assert reason(f"type=decode&data={reference.image(0, (code, 0, 3, 3))}") == "image"


def test_three_whole_finders_that_are_no_corners_of_a_code_are_no_code() -> None:
    finders = ((reference.FINDER, 0, top, left) for top, left in ((0, 0), (0, 14), (15, 0)))
    assert reason(f"type=decode&data={reference.image(0, *finders)}") == "image"


@pytest.mark.parametrize(
    ("payload", "side"),
    [
        ([1, 0x61, 0], 21),
        ([1, 0x61, 3], 21),
        ([1, 0x61, 0x81], 21),
        ([2, 0x61, 1, 0x62, 0], 21),
        ([1, 0x80, 1], 21),
        ([1, 0xFF, 0], 21),
        ([14] + [0] * 27, 21),
        ([23] + [0] * 45, 25),
        ([255], 21),
        ([255], 25),
    ],
)
def test_a_code_with_a_broken_length_character_or_parity_is_invalid(payload: list[int], side: int) -> None:
    assert reason(f"type=decode&data={damaged(payload, side)}") == "parity"


def test_a_broken_code_before_a_whole_one_does_not_hide_it() -> None:
    # Of the first code the finders are whole; the rest of it is under the second, which lies lower and further right.
    finders = [(reference.FINDER, 0, top, left) for top, left in ((0, 0), (0, 14), (14, 0))]
    code = reference.plain(reference.payload("3l8k0L"), 21)
    image = reference.image(0, *finders, (code, 2, 9, 9))
    assert reference.decode(image) == "3l8k0L"
    assert answer(f"type=decode&data={image}") == b"3l8k0L"


def test_a_reason_never_repeats_input() -> None:
    for query in ("type=marker&data=marker", "type=encode&data=" + "marker" * 9, "type=decode&data=marker", "marker=1"):
        with pytest.raises(Invalid) as caught:
            answer(query)
        assert "marker" not in str(caught.value)
        assert str(caught.value).isascii()
        assert "\n" not in str(caught.value)


def test_a_group_of_zeros_is_one_zero() -> None:
    assert hex_groups(bytes(4)) == b"0x0"
    assert hex_groups(bytes.fromhex("00000000 00000001 10000000 01000000 00000000")) == b"0x00x10x100000000x10000000x0"


def test_the_service_imports_little() -> None:
    program = (
        "import sys; before = set(sys.modules); import functions.qrcode.handler; print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "functions.qrcode.handler" in run.stdout.split()
    assert not {"asyncio", "json", "logging", "socket", "typing_extensions"} & set(run.stdout.split())
