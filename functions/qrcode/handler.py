"""The QR code service: its request, its answer and its description."""

from __future__ import annotations

from crossover.seam import Example, Invalid, Parameter, Request, Service
from functions.qrcode.decode import MAX_CHARACTERS as MAX_IMAGE
from functions.qrcode.decode import decode
from functions.qrcode.encode import MAX_CHARACTERS as MAX_TEXT
from functions.qrcode.encode import encode


def start(request: Request) -> bytes:
    """Return the code of a text, or the text of a code. Raises `Invalid` with one of the reasons of `SERVICE`."""
    kind = request.one(b"type")
    if kind == b"encode":
        text = request.one(b"data")
        if not text.isascii():
            raise Invalid("character", "a text is ASCII")
        if len(text) > MAX_TEXT:
            raise Invalid("length", f"a text has at most {MAX_TEXT} characters")
        return encode(text)
    if kind == b"decode":
        return decode(request.one(b"data"))
    raise Invalid("parameter", "type is neither encode nor decode")


# Published codes and images.
_CC_TEAM = (
    "0x66d92b800x5bc76d830x121a7fa60x51c111870x3a5f3ca30x8be36a130xedb223a0xfc8e98780x33bf50de0x2e870970"
    "0x545a2d0f0xecef7ae0x461175cd0xff132a"
)
_AWESOME = (
    "0x66ede8530xb3b981a10xed18e4040xa4a0026c0xd039db570x21976f0d0xed168440xfdce22bf0xd67e47ec0x2171a060"
    "0x2a1a95010x875f3f480x78347f130x886ccc430xc90f439a0x331f54900x7bbcbf030x20d731250xc555223e0x15858"
)
_AWESOME_IN_NOISE = (
    "0x2b23d6830x15a0de0d0x744784010x29e880700xfe1adf5c0xb96061290x1127b67c0x311690430xc63153140xf6e0065"
    "0x92d3960b0xf59a79070x704e73d40x977fd8090xf516e98a0x3e0c19f10xac626d040x6a3e58650xca85aa3e0x6266b64"
    "0x842ddcb40x4e7c879c0x85dd21240x3afae3dc0xe07908a70x664685970xb38246f70x511908330x40a111ee0xc12c8fd1"
    "0x82984c520x4ddee6f6"
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
            f"To encode: an ASCII text of at most {MAX_TEXT} characters. To decode: an image of 32x32 modules, "
            "row by row from the top, each `0x` and one to eight hex digits.",
            {"type": "string", "maxLength": MAX_IMAGE},
            "CC Team",
        ),
    ),
    reasons=("parameter", "length", "character", "hex", "image", "parity"),
    examples=(
        Example("Encode a text", "type=encode&data=CC%20Team", _CC_TEAM),
        Example("Encode a longer text, in version 2", "type=encode&data=CC+Team+is+awesome!", _AWESOME),
        Example("Find and read a code in an image", f"type=decode&data={_AWESOME_IN_NOISE}", "CC Team is awesome!"),
    ),
)
