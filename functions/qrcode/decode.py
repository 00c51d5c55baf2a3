"""Image to text.

The image is one integer of 32x32 bits, the first module most significant, so "the module to the right" is a shift by
one and "the module below" a shift by 32. A sieve of a few shifts finds the finders of all four turns and both versions
at once. What it finds is itself the key of the table of placements: every place, version and turn that a code can have
(832 of them). The image is then shifted so that the code ends at bit 0, and its payload picked with one translation.
"""

from __future__ import annotations

from binascii import unhexlify
from itertools import repeat
from typing import NamedTuple

from crossover.seam import Invalid
from functions.qrcode.layout import (
    FINDER,
    VERSIONS,
    Module,
    Version,
    finder_corners,
    keystream,
    payload_modules,
    turned,
)

_SIDE = 32
_MODULES = _SIDE * _SIDE
MAX_DIGITS = _SIDE * len("0x01234567")
"""The longest image: 32 groups of eight digits, each with its `0x`."""


class _Turned(NamedTuple):
    """A version in one of its four turns, as it is read from an image in which it ends at bit 0."""

    finders: int
    """The modules of its three finders, and which of them are dark."""
    dark: int
    sources: bytes
    """For each payload bit the number of the image byte that has it, ..."""
    masks: int
    """... and the bit in that byte, one byte for each payload bit."""
    size: int
    """Payload bytes that a text can fill."""


class _Placement(NamedTuple):
    """A place for a code in an image."""

    shift: int
    """How far the image has to be shifted for the code to end at bit 0."""
    turned: _Turned


def decode(data: bytes) -> bytes:
    """The text in an image of 32 hex groups.

    Of several codes it is the first that reads without a fault: by row, then column of the top left corner of its
    square, then version, then quarters turned clockwise. Raises `Invalid`: "length" and "hex" for what is no image,
    "image" where there is no code, "parity" where no code reads.
    """
    image = _image(data) ^ _KEYSTREAM
    finders = _sieve(image)
    only = _PLACEMENTS.get(finders)
    if only is not None and (text := _read(image, only)) is not None:
        return text
    placements = _all_placements(image, finders)
    for placement in placements:
        text = _read(image, placement)
        if text is not None:
            return text
    if placements:
        raise Invalid("parity", "a code is in the image, but its length, a character or a parity byte is broken")
    raise Invalid("image", "no code is in the image: three whole finders are needed")


def _image(data: bytes) -> int:
    if len(data) > MAX_DIGITS:
        raise Invalid("length", f"an image has at most {MAX_DIGITS} characters")
    nothing, *groups = data.split(b"0x")
    if nothing or len(groups) != _SIDE or not all(groups):
        raise Invalid("hex", f"an image is {_SIDE} groups of 0x and one to eight hex digits")
    digits = b"".join(map(bytes.zfill, groups, repeat(8)))
    try:
        if len(digits) == 8 * _SIDE:
            return int.from_bytes(unhexlify(digits), "big")
    except ValueError:
        pass
    raise Invalid("hex", "a group is not 0x and one to eight hex digits")


def _sieve(image: int) -> int:
    """Where finders may be, marked by their bottom right modules: all of them, and seldom anything else.

    Asks for both dark edges of a finder, top and bottom, and for the two outer light modules of its second row, without
    which noise beside a finder often gives a second one. `_read` asks for all the rest.
    """
    runs = image & image >> 1
    runs &= runs >> 2
    runs &= runs >> 3
    light = image ^ _EVERYTHING
    light = light >> _SIDE * 5
    return runs & runs >> _SIDE * 6 & light >> 1 & light >> 5


def _all_placements(image: int, finders: int) -> list[_Placement]:
    """Every placement of which all three finders are whole, in the order of `decode`."""
    if finders.bit_count() < 3:
        return []
    light = image ^ _EVERYTHING
    for r, line in enumerate(FINDER):
        for c, module in enumerate(line):
            finders &= (image if module == "1" else light) >> _SIDE * (6 - r) + 6 - c
    return [placement for key, placement in _PLACEMENTS.items() if key & finders == key]


def _read(image: int, placement: _Placement) -> bytes | None:
    """The text of the code at a placement, or None where a finder, the length, a character or a parity is broken."""
    shift, (finders, dark, sources, masks, size) = placement
    image >>= shift
    if image & finders != dark:
        return None
    picked = int.from_bytes(sources.translate(image.to_bytes(256, "little")), "big") & masks
    payload = int(picked.to_bytes(len(sources), "big").translate(_TO_DIGITS), 2).to_bytes(size, "big")
    end = 2 * payload[0] + 1
    text = payload[1:end:2]
    if end > size or not text.isascii() or text.translate(_PARITIES) != payload[2 : end + 1 : 2]:
        return None
    return text


def _bit(module: Module, last: Module) -> int:
    """The number of a module's bit in an image of which `last` is at bit 0."""
    return _SIDE * (last[0] - module[0]) + last[1] - module[1]


def _turned(version: Version, quarters: int) -> _Turned:
    end = (version.side - 1, version.side - 1)
    finders = dark = 0
    for top, left in finder_corners(version):
        for r, line in enumerate(FINDER, top):
            for c, module in enumerate(line, left):
                bit = 1 << _bit(turned((r, c), version, quarters), end)
                finders |= bit
                dark |= bit * int(module)
    size = 1 + 2 * version.capacity
    bits = [_bit(turned(module, version, quarters), end) for module in payload_modules(version)[: 8 * size]]
    sources = bytes(bit // 8 for bit in bits)
    masks = int.from_bytes(bytes(1 << bit % 8 for bit in bits), "big")
    return _Turned(finders, dark, sources, masks, size)


def _placements() -> dict[int, _Placement]:
    """The marks that `_sieve` gives for each placement alone, in the order of `decode`, and the placement."""
    kinds = []
    for version in VERSIONS:
        for quarters in range(4):
            middles = [turned((r + 3, c + 3), version, quarters) for r, c in finder_corners(version)]
            marks = sum(1 << _bit((r + 3, c + 3), (_SIDE - 1, _SIDE - 1)) for r, c in middles)
            kinds.append((version.side, marks, _turned(version, quarters)))
    placements = {}
    for row in range(_SIDE):
        for column in range(_SIDE):
            for side, marks, kind in kinds:
                if row + side <= _SIDE and column + side <= _SIDE:
                    shift = _bit((row + side - 1, column + side - 1), (_SIDE - 1, _SIDE - 1))
                    placements[marks >> _SIDE * row + column] = _Placement(shift, kind)
    return placements


_EVERYTHING = (1 << _MODULES) - 1
_KEYSTREAM = int("".join(map(str, keystream(_MODULES))), 2)
_PLACEMENTS = _placements()
_TO_DIGITS = b"0" + b"1" * 255
_PARITIES = bytes(byte.bit_count() & 1 for byte in range(256))
