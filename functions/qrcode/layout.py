"""The layout of a code, and the stream that encrypts it: read once, to build the tables of both directions.

Words: a module is one dark (1) or light (0) square, (row, column) counted from the top left corner from 0. Payload is
every module that carries the text; the others are fixed.
"""

from __future__ import annotations

from typing import NamedTuple

Module = tuple[int, int]


class Version(NamedTuple):
    """A size of code: `side` modules in height and width, for texts of at most `capacity` characters."""

    side: int
    capacity: int


VERSIONS = (Version(21, 13), Version(25, 22))
"""Version 1 and version 2, as they are called in ISO/IEC 18004."""

FINDER = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")
"""The finder pattern, row by row: a dark border, a light ring, a dark middle of 3x3."""

_ALIGNMENT = ("11111", "10001", "10101", "10001", "11111")
_ALIGNMENT_CORNER = 16
_TIMING = 6
"""The row and the column of the two timing patterns."""


def finder_corners(version: Version) -> tuple[Module, Module, Module]:
    """Return the top left corners of the three finders of an upright code; there is none at the bottom right."""
    far = version.side - 7
    return (0, 0), (0, far), (far, 0)


def fixed_modules(version: Version) -> dict[Module, int]:
    """Map the modules of finders, their light margin, timing and alignment pattern to 1 (dark) or 0 (light)."""
    far = version.side - 8
    block = range(8)
    fixed = {(top + r, left + c): 0 for top, left in ((0, 0), (0, far), (far, 0)) for r in block for c in block}
    for corner in finder_corners(version):
        _draw(fixed, corner, FINDER)
    for along in range(8, far):
        fixed[_TIMING, along] = fixed[along, _TIMING] = 1 - along % 2
    if version.side == 25:
        _draw(fixed, (_ALIGNMENT_CORNER, _ALIGNMENT_CORNER), _ALIGNMENT)
    return fixed


def _draw(modules: dict[Module, int], corner: Module, pattern: tuple[str, ...]) -> None:
    for r, line in enumerate(pattern, corner[0]):
        for c, module in enumerate(line, corner[1]):
            modules[r, c] = int(module)


def payload_modules(version: Version) -> list[Module]:
    """Return the modules of the payload in reading order: 224 of them in version 1, 370 in version 2.

    Pairs of columns from the right, without the timing column; the first pair runs up, the next down. A row of a pair
    counts only where both its modules are free. Modules that are neither fixed nor here stay light.
    """
    side, fixed = version.side, fixed_modules(version)
    columns = [c for c in reversed(range(side)) if c != _TIMING]
    upwards, order = True, []
    for right, left in zip(columns[::2], columns[1::2], strict=True):
        for r in reversed(range(side)) if upwards else range(side):
            if (r, right) not in fixed and (r, left) not in fixed:
                order += [(r, right), (r, left)]
        upwards = not upwards
    return order


def turned(module: Module, version: Version, quarters: int) -> Module:
    """Return where a module is after its code was turned clockwise by that many quarters."""
    r, c = module
    for _ in range(quarters):
        r, c = c, version.side - 1 - r
    return r, c


def keystream(modules: int) -> list[int]:
    """Return the bits that encrypt the first `modules` modules, row by row: a logistic map in doubles from x = 0.1.

    Each x gives the byte floor(255 x), used from its least significant bit. The order of operations is part of the
    contract: another one rounds differently, and the map is chaotic.
    """
    bits: list[int] = []
    x = 0.1
    while len(bits) < modules:
        byte = int(255 * x)
        bits += [byte >> k & 1 for k in range(8)]
        x = (4 * x) * (1 - x)
    return bits[:modules]
