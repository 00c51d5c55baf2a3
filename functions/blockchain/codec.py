"""From a request's `cc` to its values and back: URL-safe base64 of a zlib stream of compact JSON.

Each step has the tool that its benchmark chose (`make bench`, "blockchain step"). Where a tool is laxer than the
contract, this module checks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pybase64
from isal import isal_zlib
from msgspec import UNSET

from crossover.seam import Invalid
from functions.blockchain.ledger import Block, ChainAnswer, ChainRequest, Transaction
from functions.blockchain.limits import ChainLimits

parse_request = msgspec.json.Decoder(ChainRequest).decode
_parse_answer = msgspec.json.Decoder(ChainAnswer).decode
to_json = msgspec.json.Encoder().encode
BACKSLASH, QUOTE, EQUALS, PLUS, SLASH = b'\\"=+/'
"""As numbers: looking for a byte string costs several times as much as looking for a byte."""


def decode(
    cc: bytes,
    limits: ChainLimits,
    stream: Callable[[], Any] = zlib.decompressobj,
    parse: Callable[[bytes], ChainRequest] = parse_request,
) -> ChainRequest:
    """Decode what a request carries and check its keys and types: the contract's rule 2.

    Raises `Invalid` ("limit", "encoding" or "shape"). `stream` inflates and `parse` reads JSON; a test
    passes others that count the work that a request makes.
    """
    text = inflate(cc, limits, stream)
    try:
        chain_request = parse(text)
    except (ValueError, RecursionError):
        raise Invalid("shape", "cc is no request in JSON with exactly the keys and types of the contract") from None
    if len(chain_request.chain) > limits.chain_max_blocks:
        raise Invalid("limit", f"the chain has more than {limits.chain_max_blocks} blocks")
    transactions = chain_request.transactions
    if len(transactions) > limits.chain_max_transactions:
        raise Invalid("limit", f"there are more than {limits.chain_max_transactions} transactions")
    strings = _check_kinds(chain_request)
    if BACKSLASH in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")  # so that it has no quote but those around strings
        ascii_only = to_json(chain_request).isascii()
    else:
        ascii_only = text.isascii()
    if not ascii_only:
        raise Invalid("shape", "a text is not ASCII")
    if text.count(QUOTE) != 2 * strings:  # of a key given twice the parser takes the last
        raise Invalid("shape", "a key is given twice")
    if not "".join([transaction.time for transaction in transactions]).encode().isdigit():
        raise Invalid("shape", "a time is not made of digits")
    return chain_request


def inflate(cc: bytes, limits: ChainLimits, stream: Callable[[], Any] = zlib.decompressobj) -> bytes:
    """Return the JSON within a `cc`, never more than its limit. Raises `Invalid` ("limit" or "encoding")."""
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
    """Return the answer that carries a chain."""
    return pybase64.urlsafe_b64encode(isal_zlib.compress(to_json(ChainAnswer(chain)), 1))


def same(one: bytes, other: bytes) -> bool:
    """Tell whether two results carry the same JSON value: compressed bytes differ from machine to machine."""
    if one == other:
        return True
    limits = ChainLimits(cc_max_characters=1_000_000)
    try:
        return bool(_parse_answer(inflate(one, limits)) == _parse_answer(inflate(other, limits)))
    except (Invalid, ValueError):
        return False


def _check_kinds(chain_request: ChainRequest) -> int:
    """Check which keys a transaction has at its place, and count the strings, keys included, that such JSON has.

    They are 7 + 2 in a signed transaction, 4 + 2 in a reward, 3 + 1 in one of ours, 5 + 3 in a block beside its
    transactions and 3 + 1 in the request beside its blocks.
    """
    chain = chain_request.chain
    signed: list[Transaction] = []
    rewards: list[Transaction] = []
    own: list[Transaction] = []
    if not chain:
        raise Invalid("shape", "the chain is empty")
    for number, block in enumerate(chain):
        if not block.all_tx:
            raise Invalid("shape", f"block {number} has no transaction")
        signed += block.all_tx[:-1]
        rewards.append(block.all_tx[-1])
    for transaction in chain_request.new_tx:
        (own if transaction.hash is UNSET else signed).append(transaction)
    for transaction in signed:
        if (
            transaction.sig is UNSET
            or transaction.send is UNSET
            or transaction.fee is UNSET
            or transaction.hash is UNSET
        ):
            raise _misplaced(chain_request, transaction, "has not the keys of a signed transaction")
    for reward in rewards:
        if reward.hash is UNSET or reward.sig is not UNSET or reward.send is not UNSET or reward.fee is not UNSET:
            raise _misplaced(chain_request, reward, "has not the keys of a reward")
    for transaction in own:
        if transaction.sig is not UNSET or transaction.send is not UNSET or transaction.fee is not UNSET:
            raise _misplaced(chain_request, transaction, "has not the keys of a transaction to be signed")
    return 9 * len(signed) + 6 * len(rewards) + 4 * len(own) + 8 * len(chain) + 4


def _misplaced(chain_request: ChainRequest, transaction: Transaction, problem: str) -> Invalid:
    block, place = chain_request.place(transaction)
    return Invalid("shape", f"{'new_tx' if block is None else f'block {block} tx'} {place} {problem}")
