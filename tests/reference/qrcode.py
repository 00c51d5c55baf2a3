"""The QR code service once more, as plainly as its contract reads: lists of lists, one module at a time.

The oracle of the tests and the slow end of `make bench`. It shares no code with the service, and tries to be obvious
rather than fast. A matrix is a list of rows, a row a list of 0 (light) and 1 (dark).
"""

Matrix = list[list[int]]

FINDER = [
    [1, 1, 1, 1, 1, 1, 1],
    [1, 0, 0, 0, 0, 0, 1],
    [1, 0, 1, 1, 1, 0, 1],
    [1, 0, 1, 1, 1, 0, 1],
    [1, 0, 1, 1, 1, 0, 1],
    [1, 0, 0, 0, 0, 0, 1],
    [1, 1, 1, 1, 1, 1, 1],
]
ALIGNMENT = [
    [1, 1, 1, 1, 1],
    [1, 0, 0, 0, 1],
    [1, 0, 1, 0, 1],
    [1, 0, 0, 0, 1],
    [1, 1, 1, 1, 1],
]


class Broken(Exception):
    """No text can be read; its argument is the reason's code."""


def payload(text: str) -> list[int]:
    """The payload bytes before the filler."""
    content = [len(text)]
    for character in text:
        content.append(ord(character))
        content.append(f"{ord(character):b}".count("1") % 2)
    return content


def plain(content: list[int], n: int) -> Matrix:
    """The code of n x n modules with this payload, before encryption."""
    template = fixed(n)
    bits = [int(bit) for byte in content for bit in f"{byte:08b}"]
    filler = [int(bit) for bit in f"{0xEC:08b}{0x11:08b}"]
    matrix = [[module if module is not None else 0 for module in row] for row in template]
    places = payload_order(n)
    for k, (r, c) in enumerate(places):
        matrix[r][c] = bits[k] if k < len(bits) else filler[(k - len(bits)) % 16]
    return matrix


def side(text: str) -> int:
    """The side of the code that a text needs."""
    return 21 if len(text) <= 13 else 25


def encode(text: str) -> str:
    """The encrypted code of a text, in hex groups."""
    return to_hex(encrypt(plain(payload(text), side(text))))


def decode(data: str) -> str:
    """The text in an image; raises `Broken`."""
    image = encrypt(from_hex(data))
    reason = "image"
    for top in range(32):
        for left in range(32):
            for n in (21, 25):
                if top + n > 32 or left + n > 32:
                    continue
                corners = [(top, left), (top, left + n - 7), (top + n - 7, left), (top + n - 7, left + n - 7)]
                found = [has_finder(image, r, c) for r, c in corners]
                # By the missing corner: bottom right, bottom left, top left, top right.
                for quarters, missing in enumerate((3, 2, 0, 1)):
                    if all(found[:missing] + found[missing + 1 :]):
                        code = [row[left : left + n] for row in image[top : top + n]]
                        for _ in range((4 - quarters) % 4):
                            code = turn(code)
                        text = read(code)
                        if text is not None:
                            return text
                        reason = "parity"
    raise Broken(reason)


def fixed(n: int) -> list[list[int | None]]:
    """The modules that are the same in all codes of n x n; None where the payload may go."""
    matrix: list[list[int | None]] = [[None] * n for _ in range(n)]
    for top, left in ((0, 0), (0, n - 8), (n - 8, 0)):
        for r in range(8):
            for c in range(8):
                matrix[top + r][left + c] = 0
    for top, left in ((0, 0), (0, n - 7), (n - 7, 0)):
        for r in range(7):
            for c in range(7):
                matrix[top + r][left + c] = FINDER[r][c]
    for k in range(8, n - 8):
        matrix[6][k] = 1 if k % 2 == 0 else 0
        matrix[k][6] = 1 if k % 2 == 0 else 0
    if n == 25:
        for r in range(5):
            for c in range(5):
                matrix[16 + r][16 + c] = ALIGNMENT[r][c]
    return matrix


def payload_order(n: int) -> list[tuple[int, int]]:
    """The payload modules in the order of the payload bits."""
    template = fixed(n)
    order = []
    right = n - 1
    up = True
    while right > 0:
        if right == 6:
            right = 5
        for r in range(n - 1, -1, -1) if up else range(n):
            if template[r][right] is None and template[r][right - 1] is None:
                order.append((r, right))
                order.append((r, right - 1))
        right -= 2
        up = not up
    return order


def encrypt(matrix: Matrix) -> Matrix:
    """Every module with its bit of the stream; doing it twice undoes it."""
    width = len(matrix[0])
    x = 0.1
    stream = []
    for _ in range(128):
        stream.append(int(255 * x))
        x = (4 * x) * (1 - x)
    result = []
    for r, row in enumerate(matrix):
        result.append(
            [module ^ (stream[(r * width + c) // 8] >> (r * width + c) % 8 & 1) for c, module in enumerate(row)]
        )
    return result


def to_hex(matrix: Matrix) -> str:
    """Groups of 32 modules as numbers, the rest as the last."""
    modules = [module for row in matrix for module in row]
    text = ""
    for start in range(0, len(modules), 32):
        group = "".join(str(module) for module in modules[start : start + 32])
        text += hex(int(group, 2))
    return text


def from_hex(data: str) -> Matrix:
    """The 32 x 32 modules of a well-formed image."""
    return [[int(bit) for bit in f"{int(group, 16):032b}"] for group in data.split("0x")[1:]]


def turn(matrix: Matrix) -> Matrix:
    """The matrix turned clockwise by a quarter."""
    n = len(matrix)
    return [[matrix[n - 1 - c][r] for c in range(n)] for r in range(n)]


def has_finder(image: Matrix, top: int, left: int) -> bool:
    """Whether all 49 modules of a finder are right here. It looks the same in every turn."""
    return [row[left : left + 7] for row in image[top : top + 7]] == FINDER


def read(code: Matrix) -> str | None:
    """The text of an upright plain code, or None where its payload is broken."""
    n = len(code)
    bits = "".join(str(code[r][c]) for r, c in payload_order(n))
    content = [int(bits[start : start + 8], 2) for start in range(0, len(bits) - 7, 8)]
    length = content[0]
    if length > (13 if n == 21 else 22):
        return None
    text = ""
    for k in range(length):
        character, parity = content[1 + 2 * k], content[2 + 2 * k]
        if character > 127 or parity != f"{character:b}".count("1") % 2:
            return None
        text += chr(character)
    return text


def image(noise: int, *codes: tuple[Matrix, int, int, int]) -> str:
    """An encrypted image: 1,024 bits of noise and on it codes as (plain matrix, quarters clockwise, top, left)."""
    canvas = [[noise >> (1023 - 32 * r - c) & 1 for c in range(32)] for r in range(32)]
    for code, quarters, top, left in codes:
        for _ in range(quarters):
            code = turn(code)
        for r, row in enumerate(code):
            canvas[top + r][left : left + len(code)] = row
    return to_hex(encrypt(canvas))
