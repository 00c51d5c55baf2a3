"""From a request's `cc` to its values and back: URL-safe base64 of a zlib stream of compact JSON."""

from __future__ import annotations

import re
import zlib

import msgspec
import pybase64
from isal import isal_zlib

from crossover.seam import Invalid
from functions.blockchain.ledger import Answered, Asked, Block, Transaction
from functions.blockchain.limits import Limits

_decode_json = msgspec.json.Decoder(Asked).decode
_decode_answer = msgspec.json.Decoder(Answered).decode
_encode_json = msgspec.json.Encoder().encode
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
BACKSLASH, QUOTE = b'\\"'


def decode(cc: bytes, limits: Limits) -> Asked:
    """What a request carries, its keys and types checked. Raises `Invalid` ("limit", "encoding" or "shape")."""
    text = inflate(cc, limits)
    try:
        asked = _decode_json(text)
    except (ValueError, RecursionError):
        raise Invalid("shape", "cc is no request in JSON with exactly the keys and types of the contract") from None
    _check_sizes(asked, limits)
    _check_kinds(asked)
    _check_text(asked, text)
    return asked


def inflate(cc: bytes, limits: Limits) -> bytes:
    """The JSON within a `cc`, never more than the limit of it. Raises `Invalid` ("limit" or "encoding")."""
    if len(cc) > limits.cc_max_characters:
        raise Invalid("limit", f"cc has more than {limits.cc_max_characters} characters")
    if b"+" in cc or b"/" in cc:  # which the decoder takes too
        raise Invalid("encoding", "cc is not URL-safe base64")
    try:
        packed = pybase64.b64decode(cc + b"=" * (-len(cc) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Invalid("encoding", "cc is not URL-safe base64") from None
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed, limits.cc_max_bytes + 1)
    except zlib.error:
        raise Invalid("encoding", "cc holds no zlib stream") from None
    if len(text) > limits.cc_max_bytes:
        raise Invalid("limit", f"cc inflates to more than {limits.cc_max_bytes} bytes")
    if not stream.eof:
        raise Invalid("encoding", "cc holds a zlib stream that is cut off")
    if stream.unused_data:
        raise Invalid("encoding", "cc holds bytes after its zlib stream")
    return text


def encode(chain: list[Block]) -> bytes:
    """The answer that carries a chain."""
    return pybase64.urlsafe_b64encode(isal_zlib.compress(_encode_json(Answered(chain)), 1))


def same(one: bytes, other: bytes) -> bool:
    """Whether two results are one, or carry the same JSON value: zlib streams differ from version to version."""
    if one == other:
        return True
    limits = Limits(cc_max_characters=1_000_000)
    try:
        return bool(_decode_answer(inflate(one, limits)) == _decode_answer(inflate(other, limits)))
    except (Invalid, ValueError):
        return False


def _check_sizes(asked: Asked, limits: Limits) -> None:
    if len(asked.chain) > limits.chain_max_blocks:
        raise Invalid("limit", f"the chain has more than {limits.chain_max_blocks} blocks")
    if sum([len(block.all_tx) for block in asked.chain], len(asked.new_tx)) > limits.chain_max_transactions:
        raise Invalid("limit", f"there are more than {limits.chain_max_transactions} transactions")


def _check_kinds(asked: Asked) -> None:
    """Rule 2: which keys a transaction has at which place."""
    if not asked.chain:
        raise Invalid("shape", "the chain is empty")
    for number, block in enumerate(asked.chain):
        if not block.all_tx or not block.all_tx[-1].reward:
            raise Invalid("shape", f"block {number} does not end with a reward")
        for place, transaction in enumerate(block.all_tx[:-1]):
            if not transaction.signed:
                raise Invalid("shape", f"block {number} tx {place} is no signed transaction")
    for place, transaction in enumerate(asked.new_tx):
        if not (transaction.signed or transaction.own):
            raise Invalid("shape", f"new_tx {place} is neither signed nor ours to sign")


def _check_text(asked: Asked, text: bytes) -> None:
    """What the typed decoder lets pass: a key given twice, of which it takes the last, and what is not ASCII.

    Keys and text values are all the quoted strings there are, so a key more than expected is two quotes more.
    """
    if BACKSLASH in text:
        text = _ESCAPED.sub(b"", text)
        _check_ascii(asked)
    elif not text.isascii():
        raise Invalid("shape", "a text is not ASCII")
    strings = 4 + 8 * len(asked.chain) + sum([_strings(block.all_tx) for block in asked.chain]) + _strings(asked.new_tx)
    if text.count(QUOTE) != 2 * strings:
        raise Invalid("shape", "a key is given twice")
    for transaction in asked.new_tx:
        _check_time(transaction)
    for block in asked.chain:
        for transaction in block.all_tx:
            _check_time(transaction)


def _strings(transactions: list[Transaction]) -> int:
    """Keys and text values of transactions: 7 + 2 of a signed one, 4 + 2 of a reward, 3 + 1 of one of ours."""
    return sum([9 if each.signed else 6 if each.reward else 4 for each in transactions])


def _check_time(transaction: Transaction) -> None:
    if not (transaction.time.isdigit() and transaction.time.isascii()):
        raise Invalid("shape", "a time is not made of digits")


def _check_ascii(asked: Asked) -> None:
    texts = [asked.new_target]
    for block in asked.chain:
        texts += (block.pow, block.hash, block.target)
        texts += [str(transaction.hash) for transaction in block.all_tx]
    texts += [str(transaction.hash) for transaction in asked.new_tx]
    if not all(text.isascii() for text in texts):
        raise Invalid("shape", "a text is not ASCII")
