"""From a request's `cc` to its values and back: URL-safe base64 of a zlib stream of compact JSON.

Each step has the tool that its benchmark chose (`make bench`, "blockchain step"). What a tool is laxer about than the
contract is looked after here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pybase64
from isal import isal_zlib

from crossover.seam import Invalid
from functions.blockchain.ledger import Answered, Asked, Block
from functions.blockchain.limits import Limits

parse_request = msgspec.json.Decoder(Asked).decode
_parse_answer = msgspec.json.Decoder(Answered).decode
to_json = msgspec.json.Encoder().encode
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
BACKSLASH, QUOTE, EQUALS, PLUS, SLASH = b'\\"=+/'
"""As numbers: looking for a byte string costs several times as much as looking for a byte."""


def decode(
    cc: bytes,
    limits: Limits,
    stream: Callable[[], Any] = zlib.decompressobj,
    parse: Callable[[bytes], Asked] = parse_request,
) -> Asked:
    """What a request carries, its keys and types checked: the contract's rule 2.

    Raises `Invalid` ("limit", "encoding" or "shape"). `stream` inflates and `parse` reads JSON; whoever wants to know
    how much work a request makes gives others that count.
    """
    text = inflate(cc, limits, stream)
    try:
        asked = parse(text)
    except (ValueError, RecursionError):
        raise Invalid("shape", "cc is no request in JSON with exactly the keys and types of the contract") from None
    if len(asked.chain) > limits.chain_max_blocks:
        raise Invalid("limit", f"the chain has more than {limits.chain_max_blocks} blocks")
    transactions = asked.transactions()
    if len(transactions) > limits.chain_max_transactions:
        raise Invalid("limit", f"there are more than {limits.chain_max_transactions} transactions")
    strings = _check_kinds(asked)
    if BACKSLASH in text:
        text = _ESCAPED.sub(b"", text)
        ascii_only = to_json(asked).isascii()
    else:
        ascii_only = text.isascii()
    if not ascii_only:
        raise Invalid("shape", "a text is not ASCII")
    if text.count(QUOTE) != 2 * strings:  # of a key given twice the parser takes the last
        raise Invalid("shape", "a key is given twice")
    if not "".join([each.time for each in transactions]).isdigit():
        raise Invalid("shape", "a time is not made of digits")
    return asked


def inflate(cc: bytes, limits: Limits, stream: Callable[[], Any] = zlib.decompressobj) -> bytes:
    """The JSON within a `cc`, never more than the limit of it. Raises `Invalid` ("limit" or "encoding")."""
    if len(cc) > limits.cc_max_characters:
        raise Invalid("limit", f"cc has more than {limits.cc_max_characters} characters")
    if len(cc) % 4 and EQUALS not in cc:
        cc += b"=" * (-len(cc) % 4)
    try:
        if PLUS in cc or SLASH in cc:  # which the decoder takes too
            raise ValueError
        packed = pybase64.b64decode(cc, altchars=b"-_", validate=True)
    except ValueError:
        raise Invalid("encoding", "cc is not URL-safe base64") from None
    inflating = stream()
    try:
        text: bytes = inflating.decompress(packed, limits.cc_max_bytes + 1)
    except zlib.error:
        raise Invalid("encoding", "cc holds no zlib stream") from None
    if len(text) > limits.cc_max_bytes:
        raise Invalid("limit", f"cc inflates to more than {limits.cc_max_bytes} bytes")
    if not inflating.eof:
        raise Invalid("encoding", "cc holds a zlib stream that is cut off")
    if inflating.unused_data:
        raise Invalid("encoding", "cc holds bytes after its zlib stream")
    return text


def encode(chain: list[Block]) -> bytes:
    """The answer that carries a chain."""
    return pybase64.urlsafe_b64encode(isal_zlib.compress(to_json(Answered(chain)), 1))


def same(one: bytes, other: bytes) -> bool:
    """Whether two results are one, or carry the same JSON value: compressed bytes differ from machine to machine."""
    if one == other:
        return True
    limits = Limits(cc_max_characters=1_000_000)
    try:
        return bool(_parse_answer(inflate(one, limits)) == _parse_answer(inflate(other, limits)))
    except (Invalid, ValueError):
        return False


def _check_kinds(asked: Asked) -> int:
    """Which keys a transaction has at which place. Gives the number of strings, keys included, that such JSON has.

    They are 7 + 2 in a signed transaction, 4 + 2 in a reward, 3 + 1 in one of ours, 5 + 3 in a block beside its
    transactions and 3 + 1 in the request beside its blocks.
    """
    if not asked.chain:
        raise Invalid("shape", "the chain is empty")
    strings = 4
    for number, block in enumerate(asked.chain):
        transactions = block.all_tx
        if not transactions or not transactions[-1].reward:
            raise Invalid("shape", f"block {number} does not end with a reward")
        for place, transaction in enumerate(transactions[:-1]):
            if not transaction.signed:
                raise Invalid("shape", f"block {number} tx {place} is no signed transaction")
        strings += 8 + 9 * len(transactions) - 3
    for place, transaction in enumerate(asked.new_tx):
        if transaction.signed:
            strings += 9
        elif transaction.own:
            strings += 4
        else:
            raise Invalid("shape", f"new_tx {place} is neither signed nor ours to sign")
    return strings
