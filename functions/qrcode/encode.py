"""Text to code.

Encoding is linear: every character moves the modules of its own sixteen payload bits and no others. So there is one
integer per length (all that does not depend on the characters, already encrypted) and one per place and character, and
a code is their sum. All of it is laid out as the output is: groups of 32 bits, the rest right-aligned in the last.
"""

from __future__ import annotations

from itertools import cycle
from operator import getitem

from functions.qrcode.layout import VERSIONS, Version, fixed_modules, keystream, payload_modules

MAX_CHARACTERS = VERSIONS[-1].capacity

_GROUP = 32
_FILLER = (0xEC, 0x11)
_LEADING = range(7)
"""A group of eight digits has at most seven leading zeros: a zero is `0x0`."""

_Characters = list[list[int]]
_Length = tuple[int, _Characters, int]


def encode(text: bytes) -> bytes:
    """Return the encrypted code as hex groups. Raises IndexError beyond `MAX_CHARACTERS`, and for what is not ASCII."""
    code, characters, size = _LENGTHS[len(text)]
    code = sum(map(getitem, characters, text), code)
    return hex_groups(code.to_bytes(size))


def hex_groups(modules: bytes) -> bytes:
    """Return groups of four bytes as numbers: `0x` and hex digits without leading zeros, one after the other."""
    groups = "x" + modules.hex("x", 4)
    for _ in _LEADING:
        if "x0" not in groups:
            break
        groups = groups.replace("x0", "x")
    return groups.replace("x", "0x").encode()


def _lengths(version: Version, shortest: int) -> list[_Length]:
    """Return what encoding needs for every length of a version, from the shortest up."""
    side = version.side
    modules = side * side
    groups, rest = divmod(modules, _GROUP)
    size = _GROUP * (groups + 1)
    place = [1 << size - 1 - i for i in range(modules - rest)] + [1 << i for i in reversed(range(rest))]
    key = sum(p for p, bit in zip(place, keystream(modules), strict=True) if bit)
    fixed = sum(place[r * side + c] for (r, c), dark in fixed_modules(version).items() if dark)
    payload = [place[r * side + c] for r, c in payload_modules(version)]

    masks = [sum(payload[start : start + 16]) for start in range(8, 8 + 16 * version.capacity, 16)]
    characters = [_character_codes(payload[8 + 16 * k : 24 + 16 * k], key & mask) for k, mask in enumerate(masks)]
    lengths = []
    for length in range(shortest, version.capacity + 1):
        filler = cycle(_FILLER)
        content = [length, *(0 for _ in range(2 * length)), *(next(filler) for _ in range(len(payload) // 8))]
        bits = [byte >> k & 1 for byte in content for k in reversed(range(8))]
        filled = sum(p for p, bit in zip(payload, bits, strict=False) if bit)
        base = (fixed ^ filled ^ key) & ~sum(masks[:length])
        lengths.append((base, characters, size // 8))
    return lengths


def _character_codes(places: list[int], code: int) -> list[int]:
    """Return the sixteen encrypted modules of each of the 128 characters: its bits, then its parity as a whole byte."""
    codes = [code]
    for bit in reversed(places[1:8]):
        codes += [code ^ bit ^ places[15] for code in codes]
    return codes


_LENGTHS = _lengths(VERSIONS[0], 0) + _lengths(VERSIONS[1], VERSIONS[0].capacity + 1)
