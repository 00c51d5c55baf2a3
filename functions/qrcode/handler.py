"""The QR code service: what it is asked, what it answers."""

from __future__ import annotations

from crossover.seam import Example, Invalid, Parameter, Request, Service

from functions.qrcode.decode import MAX_DIGITS, decode
from functions.qrcode.encode import MAX_CHARACTERS, encode


def start(request: Request) -> bytes:
    """The code of a text, or the text of a code. Raises `Invalid` with one of the reasons of `SERVICE`."""
    kind = request.one(b"type")
    if kind == b"encode":
        text = request.one(b"data")
        if not text.isascii():
            raise Invalid("character", "a text is ASCII")
        if len(text) > MAX_CHARACTERS:
            raise Invalid("length", f"a text has at most {MAX_CHARACTERS} characters")
        return encode(text)
    if kind == b"decode":
        return decode(request.one(b"data"))
    raise Invalid("parameter", "type is neither encode nor decode")


_CC_TEAM = (
    "0x66d92b800x5bc76d830x121a7fa60x51c111870x3a5f3ca30x8be36a130xedb223a0xfc8e9878"
    "0x33bf50de0x2e8709700x545a2d0f0xecef7ae0x461175cd0xff132a"
)

SERVICE = Service(
    name="qrcode",
    summary="Encode a short text as an encrypted QR code, or find and read one in a noisy image",
    start=start,
    parameters=(
        Parameter(
            "type",
            "What to do with `data`.",
            {"type": "string", "enum": ["encode", "decode"]},
            "encode",
        ),
        Parameter(
            "data",
            f"To encode: an ASCII text of at most {MAX_CHARACTERS} characters. To decode: an image of 32x32 modules, "
            "row by row from the top, each `0x` and one to eight hex digits.",
            {"type": "string", "maxLength": MAX_DIGITS},
            "CC Team",
        ),
    ),
    reasons=("parameter", "length", "character", "hex", "image", "parity"),
    examples=(Example("Encode a text", "type=encode&data=CC%20Team", _CC_TEAM),),
)
