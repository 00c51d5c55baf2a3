"""The service does what the plain reference does, for every text, turn, offset and noise."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossover.seam import Invalid
from functions.qrcode.decode import decode
from functions.qrcode.encode import encode
from tests.reference import qrcode as reference

TEXTS = st.text(st.characters(max_codepoint=127), max_size=22)
NOISE = st.integers(0, 2**1024 - 1)
FINDER = reference.FINDER


def outcome(image: str) -> str:
    """What the service says of an image: the text, or the reason's code."""
    try:
        return "text: " + decode(image.encode()).decode()
    except Invalid as reason:
        return reason.code


def expected(image: str) -> str:
    try:
        return "text: " + reference.decode(image)
    except reference.Broken as reason:
        return str(reason)


def plain(text: str, side: int | None = None) -> reference.Matrix:
    return reference.plain(reference.payload(text), side or reference.side(text))


@st.composite
def placed_codes(draw: st.DrawFn, content: st.SearchStrategy[list[int]]) -> tuple[reference.Matrix, int, int, int]:
    """A code of any payload, turn and place."""
    payload = draw(content)
    side = draw(st.sampled_from([21, 25]))
    offset = st.integers(0, 32 - side)
    return reference.plain(payload, side), draw(st.integers(0, 3)), draw(offset), draw(offset)


READABLE = TEXTS.map(lambda text: reference.payload(text[:13]))
ANY_CONTENT = st.one_of(READABLE, st.lists(st.integers(0, 255), min_size=1, max_size=45))


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_every_text_gives_the_code_of_the_reference(text: str) -> None:
    assert encode(text.encode()).decode() == reference.encode(text)


@pytest.mark.parametrize("length", range(23))
def test_every_character_is_right_at_every_place(length: int) -> None:
    for character in range(128):
        text = "".join(chr((character + 37 * place) % 128) for place in range(length))
        assert encode(text.encode()).decode() == reference.encode(text)
        if length == 0:
            break


@given(TEXTS, st.integers(0, 3), st.integers(0, 11), st.integers(0, 11), NOISE)
@example("3l8k0L", 0, 0, 0, 2**1024 - 1)
@example("", 3, 11, 11, 0)
@settings(max_examples=150, deadline=None)
def test_a_code_is_read_at_every_offset_in_every_turn_in_any_noise(
    text: str, quarters: int, top: int, left: int, noise: int
) -> None:
    code = plain(text)
    room = 32 - len(code)
    image = reference.image(noise, (code, quarters, min(top, room), min(left, room)))
    assert outcome(image) == expected(image)
    # Noise may make another code, which then comes first; a text of its own is much too unlikely to wait for.
    assert outcome(image) == f"text: {text}"


def test_every_one_of_the_832_placements_is_read() -> None:
    chance = random.Random(832)
    placements = 0
    for text in ("BrnRW0", "CC Team is awesome!"):
        code = plain(text)
        for quarters in range(4):
            for top in range(33 - len(code)):
                for left in range(33 - len(code)):
                    image = reference.image(chance.getrandbits(1024), (code, quarters, top, left))
                    assert outcome(image) == f"text: {text}"
                    placements += 1
    assert placements == 832


@given(placed_codes(ANY_CONTENT), NOISE)
@settings(max_examples=150, deadline=None)
def test_a_code_of_any_payload_is_judged_as_by_the_reference(
    code: tuple[reference.Matrix, int, int, int], noise: int
) -> None:
    image = reference.image(noise, code)
    assert outcome(image) == expected(image)


@given(placed_codes(READABLE), st.lists(st.integers(0, 1023), max_size=12), NOISE)
@settings(max_examples=100, deadline=None)
def test_an_image_with_wrong_modules_is_judged_as_by_the_reference(
    code: tuple[reference.Matrix, int, int, int], wrong: list[int], noise: int
) -> None:
    image = reference.from_hex(reference.image(noise, code))
    for module in wrong:
        image[module // 32][module % 32] ^= 1
    sent = reference.to_hex(image)
    assert outcome(sent) == expected(sent)


@given(st.lists(placed_codes(ANY_CONTENT), min_size=2, max_size=3), NOISE)
@settings(max_examples=150, deadline=None)
def test_an_image_of_several_codes_on_each_other_is_judged_as_by_the_reference(
    codes: list[tuple[reference.Matrix, int, int, int]], noise: int
) -> None:
    image = reference.image(noise, *codes)
    assert outcome(image) == expected(image)


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=10), NOISE)
@settings(max_examples=150, deadline=None)
def test_an_image_of_finders_anywhere_is_judged_as_by_the_reference(corners: list[tuple[int, int]], noise: int) -> None:
    image = reference.image(noise, *((FINDER, 0, top, left) for top, left in corners))
    assert outcome(image) == expected(image)


def test_noise_alone_is_judged_as_by_the_reference() -> None:
    chance = random.Random(1024)
    for _ in range(100):
        image = reference.image(chance.getrandbits(1024))
        assert outcome(image) == expected(image) == "image"


def test_four_finders_are_read_in_the_first_turn_that_gives_a_text() -> None:
    for quarters in range(4):
        for side, text in ((21, "four"), (25, "four corners")):
            image = reference.image(
                0,
                (plain(text, side), quarters, 3, 4),
                *((FINDER, 0, 3 + r, 4 + c) for r in (0, side - 7) for c in (0, side - 7)),
            )
            assert outcome(image) == expected(image)


def test_a_larger_code_may_hold_a_short_text() -> None:
    assert outcome(reference.image(0, (plain("short", 25), 2, 5, 1))) == "text: short"
