"""The images of the QR code service's load are what they are said to be, by a reading that shares no code with it."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from urllib.parse import parse_qs

import pytest

from crossover.seam import Invalid, Request
from functions.qrcode.handler import start
from local.workloads import qrcode
from local.workloads.workload import WrongAnswer
from tests.reference import qrcode as reference


def read(image: str) -> str | None:
    """What the plain reference reads in an image."""
    try:
        return reference.decode(image)
    except reference.Broken:
        return None


@pytest.mark.parametrize("text", ["", "a", "CC Team", "x" * 13, "y" * 14, "CC Team is awesome!", "z" * 22])
def test_an_image_holds_its_text_in_every_turn_and_place(text: str) -> None:
    random_ = random.Random(text)
    for _ in range(25):
        assert read(qrcode.image_of(random_, text)) == text


def test_nothing_is_read_in_a_broken_image() -> None:
    random_ = random.Random(3)
    assert {read(qrcode.broken_image(random_, "abc123")) for _ in range(60)} == {None}


@pytest.mark.no_cover
def test_one_request_in_five_is_bad_and_the_others_encode_or_decode() -> None:
    kinds: Counter[str] = Counter()
    for query in islice(qrcode.queries(random.Random(1), ""), 2_000):
        try:
            start(Request(query.encode()))
        except Invalid:
            kinds["bad"] += 1
        else:
            kinds[parse_qs(query)["type"][0]] += 1
    assert 340 < kinds["bad"] < 460
    assert 700 < kinds["encode"] < 900
    assert 700 < kinds["decode"] < 900


def test_a_service_that_reads_something_else_is_no_measure() -> None:
    image = qrcode.image_of(random.Random(5), "right")
    with pytest.raises(WrongAnswer, match="'right' is read instead of 'wrong'"):
        qrcode.checked(image, "wrong")
