"""The QR code service's load: texts to encode, and images with a code in noise to decode, some of either broken."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from string import ascii_letters, digits
from urllib.parse import quote

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.qrcode.encode import encode
from functions.qrcode.handler import SERVICE
from functions.qrcode.layout import VERSIONS, Module, Version, finder_corners, keystream, payload_modules, turned
from local.workloads.workload import Workload, WrongAnswer

IMAGE_SIDE = 32
GROUP = 32
TEXT_CHARACTERS = 6
"""Characters of a typical text."""
CHARACTERS = ascii_letters + digits
MALFORMED = ("type=decode&data=0x1", "type=decode", "type=&data=a", "data=%ff&type=encode")

Modules = list[int]


def queries(random_: random.Random, _: str) -> Iterator[str]:
    """Half of the requests encode and half decode; one in five is a bad one.

    An image has the code of a text that is known, in any turn, at any place, in noise. A broken one has a finder or a
    parity that is wrong, or no code at all.
    """
    while True:
        text = "".join(random_.choices(CHARACTERS, k=TEXT_CHARACTERS))
        match random_.randrange(20):
            case 0:
                yield random_.choice(MALFORMED)
            case 1:
                yield f"type=encode&data={'x' * random_.randint(23, 60)}"
            case 2 | 3:
                yield checked(broken_image(random_, text), None)
            case number if number < 12:
                yield checked(image_of(random_, text), text)
            case _:
                yield f"type=encode&data={quote(text)}"


def checked(image: str, text: str | None) -> str:
    """Return the query that decodes an image. Raises `WrongAnswer` where the service does not find `text` in it.

    Args:
        image: 32 groups in hex.
        text: the text in it; None where no text can be read.
    """
    query = f"type=decode&data={image}"
    try:
        read = answer_at_once(SERVICE, query.encode(), InlineRunner()).decode()
    except Invalid:
        read = None
    if read != text:
        raise WrongAnswer(f"{read!r} is read instead of {text!r}: {query}")
    return query


def image_of(random_: random.Random, text: str) -> str:
    """Return an encrypted image that has the code of a text, turned and placed by chance, in noise."""
    version = version_of(text)
    return encrypted(placed(random_, plain_code(text, version), version))


def broken_image(random_: random.Random, text: str) -> str:
    """Return an encrypted image of which no text can be read."""
    version = version_of(text)
    code = plain_code(text, version)
    match random_.randrange(3):
        case 0:
            return encrypted([random_.getrandbits(1) for _ in range(IMAGE_SIDE * IMAGE_SIDE)])
        case 1:
            row, column = random_.choice(finder_corners(version))
            broken = (row + random_.randrange(7), column + random_.randrange(7))
        case _:
            # The payload is the length, then each character before its parity, eight bits each.
            broken = payload_modules(version)[8 + random_.randrange(16 * len(text))]
    code[broken[0] * version.side + broken[1]] ^= 1
    return encrypted(placed(random_, code, version))


def version_of(text: str) -> Version:
    """Return the smallest version that holds a text."""
    return next(version for version in VERSIONS if len(text) <= version.capacity)


def plain_code(text: str, version: Version) -> Modules:
    """Return the modules of a text's code, not encrypted, row by row."""
    groups = encode(text.encode()).split(b"0x")[1:]
    count = version.side**2
    modules: Modules = []
    for group in groups:
        width = min(GROUP, count - len(modules))
        modules += map(int, f"{int(group, 16):0{width}b}")
    return [module ^ bit for module, bit in zip(modules, keystream(count), strict=True)]


def placed(random_: random.Random, code: Sequence[int], version: Version) -> Modules:
    """Return an image of noise with a code in it, turned and placed by chance."""
    image = [random_.getrandbits(1) for _ in range(IMAGE_SIDE * IMAGE_SIDE)]
    quarters = random_.randrange(4)
    top, left = (random_.randint(0, IMAGE_SIDE - version.side) for _ in range(2))
    for number, module in enumerate(code):
        row, column = turned(_place(number, version), version, quarters)
        image[(top + row) * IMAGE_SIDE + left + column] = module
    return image


def encrypted(image: Sequence[int]) -> str:
    """Return an image as a request has it: encrypted, in groups of 32 modules, each in hex."""
    bits = [module ^ bit for module, bit in zip(image, keystream(len(image)), strict=True)]
    rows = ("".join(map(str, bits[start : start + GROUP])) for start in range(0, len(bits), GROUP))
    return "".join(f"0x{int(row, 2):x}" for row in rows)


def _place(number: int, version: Version) -> Module:
    return divmod(number, version.side)


WORKLOAD = Workload(queries)
