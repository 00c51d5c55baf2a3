"""Image to text.

The image is one integer of 32x32 bits, the first module most significant, so "the module to the right" is a shift by
one and "the module below" a shift by 32. A sieve of a few shifts finds the finders of all four turns and both versions
at once. What it finds is itself the key of the table of placements: every place, version and turn that a code can have
(832 of them). The image is then shifted so that the code ends at bit 0, and its payload picked with one translation.
"""

from __future__ import annotations

from binascii import unhexlify
from struct import Struct
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
MAX_CHARACTERS = _SIDE * len("0x01234567")
"""The longest image: 32 groups of eight digits, each with its `0x`."""


class _Characters(NamedTuple):
    """Where to pick the payload bits of a known number of characters: first all characters, then all their parities."""

    sources: bytes
    """For each bit the number of the image byte that has it, ..."""
    masks: int
    """... and the bit in that byte, one byte for each. Both begin with a bit that is always 0."""
    length: int


class _Placement(NamedTuple):
    """A place, a version and a turn that a code can have."""

    shift: int
    """How far the image has to be shifted for the code to end at bit 0."""
    known: int
    """The modules of its finders and of the payload's first byte, the length."""
    by_known: dict[int, _Characters]
    """What follows where these are whole and legal."""


def decode(data: bytes) -> bytes:
    """Return the text in an image of 32 hex groups.

    Of several codes it is the first that reads without a fault: by row, then column of the top left corner of its
    square, then version, then quarters turned clockwise. Raises `Invalid`: "length" and "hex" for what is no image,
    "image" where there is no code, "parity" where no code reads.
    """
    image = _image(data) ^ _KEYSTREAM
    finders = _sieve(image)
    only = _PLACEMENTS.get(finders)
    if only is not None and (text := _read(image, only)) is not None:
        return text
    placements = _whole_placements(image, finders)
    for placement in placements:
        text = _read(image, placement)
        if text is not None:
            return text
    if placements:
        raise Invalid("parity", "a code is in the image, but its length, a character or a parity byte is broken")
    raise Invalid("image", "no code is in the image: three whole finders are needed")


def _image(data: bytes) -> int:
    """Return the image as sent. All in C: the groups are read backwards, because `struct` pads at the end."""
    if len(data) > MAX_CHARACTERS:
        raise Invalid("length", f"an image has at most {MAX_CHARACTERS} characters")
    groups = data[::-1].split(b"x0")
    if not groups.pop() and len(groups) == _SIDE:
        cells = _pad(*groups)
        # No group was cut off at eight digits, as the padding is as long as it should be; and none has no digit.
        if cells.count(0) == MAX_CHARACTERS - len(data) and 0 not in cells[::8]:
            try:
                backwards = unhexlify(cells.replace(b"\0", b"0")).translate(_SWAPPED)
                return int.from_bytes(backwards, "little")
            except ValueError:
                pass
    raise Invalid("hex", f"an image is {_SIDE} groups, each 0x and one to eight hex digits")


def _sieve(image: int) -> int:
    """Mark where finders may be by their bottom right modules: all of them, and seldom anything else.

    Tests both dark edges of a finder, top and bottom, and both light modules of its middle row. Without these,
    noise beside a finder would often make a second one of it. `_read` tests all the rest.
    """
    runs = image & image >> 1
    runs &= runs >> 2
    runs &= runs >> 3
    light = (image ^ _EVERYTHING) >> _SIDE * 3 + 1
    return runs & runs >> _SIDE * 6 & light & light >> 4


def _whole_placements(image: int, finders: int) -> list[_Placement]:
    """Return the placements of which all 147 modules of the three finders are right, in the order of `decode`."""
    if finders.bit_count() < 3:
        return []
    light = image ^ _EVERYTHING
    for r, line in enumerate(FINDER):
        for c, module in enumerate(line):
            finders &= (image if module == "1" else light) >> _SIDE * (6 - r) + 6 - c
    if finders.bit_count() <= 3:
        return [_PLACEMENTS[finders]] if finders in _PLACEMENTS else []
    return [placement for marks, placement in _PLACEMENTS.items() if marks & finders == marks]


def _read(image: int, placement: _Placement) -> bytes | None:
    """Return the text of the code at a placement; None where finder, length, character or parity is broken."""
    shift, known, by_known = placement
    image >>= shift
    characters = by_known.get(image & known)
    if characters is None:
        return None
    sources, masks, length = characters
    picked = int.from_bytes(sources.translate(image.to_bytes(256, "little"))) & masks
    bits = picked.to_bytes(len(sources)).translate(_TO_DIGITS)
    content = int(bits, 2).to_bytes(2 * length)
    text = content[:length]
    return text if text.translate(_PARITIES) == content[length:] and text.isascii() else None


def _bit(module: Module, last: Module) -> int:
    """Return the number of a module's bit in an image of which `last` is at bit 0."""
    return _SIDE * (last[0] - module[0]) + last[1] - module[1]


def _by_known(version: Version, quarters: int) -> tuple[int, dict[int, _Characters]]:
    """Return what `_Placement` has of a version in one of its turns."""
    end = (version.side - 1, version.side - 1)
    known = dark = 0
    for top, left in finder_corners(version):
        for r, line in enumerate(FINDER, top):
            for c, module in enumerate(line, left):
                bit = 1 << _bit(turned((r, c), version, quarters), end)
                known |= bit
                dark |= bit * int(module)
    payload = [_bit(turned(module, version, quarters), end) for module in payload_modules(version)]
    length_bits = [1 << bit for bit in payload[:8]]
    known |= sum(length_bits)
    by_known = {}
    for length in range(version.capacity + 1):
        starts = [*range(8, 8 + 16 * length, 16), *range(16, 16 + 16 * length, 16)]
        bits = [bit for start in starts for bit in payload[start : start + 8]]
        sources = bytes([0, *(bit // 8 for bit in bits)])
        masks = int.from_bytes(bytes([0, *(1 << bit % 8 for bit in bits)]))
        value = sum(bit for k, bit in enumerate(reversed(length_bits)) if length >> k & 1)
        by_known[dark | value] = _Characters(sources, masks, length)
    return known, by_known


def _placements() -> dict[int, _Placement]:
    """Map the marks that `_sieve` gives for each placement alone to the placement, in the order of `decode`."""
    end = (_SIDE - 1, _SIDE - 1)
    kinds = []
    for version in VERSIONS:
        for quarters in range(4):
            middles = [turned((r + 3, c + 3), version, quarters) for r, c in finder_corners(version)]
            marks = sum(1 << _bit((r + 3, c + 3), end) for r, c in middles)
            kinds.append((version.side, marks, *_by_known(version, quarters)))
    placements = {}
    for row in range(_SIDE):
        for column in range(_SIDE):
            for side, marks, known, by_known in kinds:
                if row + side <= _SIDE and column + side <= _SIDE:
                    shift = _bit((row + side - 1, column + side - 1), end)
                    placements[marks >> _SIDE * row + column] = _Placement(shift, known, by_known)
    return placements


_pad = Struct("8s" * _SIDE).pack
_EVERYTHING = (1 << _MODULES) - 1
_KEYSTREAM = int("".join(map(str, keystream(_MODULES))), 2)
_PLACEMENTS = _placements()
_SWAPPED = bytes(byte >> 4 | (byte & 15) << 4 for byte in range(256))
"""Every byte with its two hex digits exchanged."""
_TO_DIGITS = b"0" + b"1" * 255
_PARITIES = bytes(byte.bit_count() & 1 for byte in range(256))
