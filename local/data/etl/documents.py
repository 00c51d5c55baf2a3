"""Files that hold one JSON document over several lines, an array of tweets for instance, as one tweet a line."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator

import msgspec

BOM = b"\xef\xbb\xbf"
_BETWEEN = re.compile(r"[\s,\[\]]*")
"""What stands between the values of a document: white space, and an array's brackets and commas."""


class DocumentError(Exception):
    """A document is not JSON from some point on."""


def is_document(start: bytes) -> bool:
    """Return whether a file that begins so has to be read as a whole, and not line by line.

    Arrays that begin in one line and end in another do, and objects that are printed over several lines. An array a
    line is left to the reader of lines.
    """
    start = start.removeprefix(BOM).lstrip()
    line, newline, _ = start.partition(b"\n")
    if line.rstrip() == b"{":
        return True
    return start[:1] == b"[" and not (newline and _is_json(line))


def values(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield the values of a document, those of its arrays one by one, each on one line.

    Args:
        chunks: The bytes of the document, in pieces of any size.
        max_bytes: The size of one value from which on the document counts as damaged.

    Raises:
        DocumentError: Where it is not JSON.
    """
    # Bytes that are not UTF-8 come out as they were.
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    # Only where a value ends matters here: its numbers and control characters are for the parser of the line to judge.
    decode = json.JSONDecoder(strict=False, parse_int=len).raw_decode
    text, at, read = "", 0, 0
    pieces = iter(chunks)
    ended = False
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        try:
            # A number at the end may go on in the next piece; what counts here are objects.
            _, end = decode(text, at)
        except (ValueError, RecursionError):
            if at == len(text) and ended:
                return
            if ended or len(text) - at > max_bytes:
                where = read - len(text[at:].encode("utf-8", "surrogateescape"))
                raise DocumentError(f"from byte {where:,} on") from None
            piece = next(pieces, b"")
            ended = not piece
            read += len(piece)
            text, at = text[at:] + decoder.decode(piece, ended), 0
        else:
            yield text[at:end].replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogateescape")
            at = end


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
