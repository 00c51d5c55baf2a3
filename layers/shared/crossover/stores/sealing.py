"""Checksums that bind a record to its key, so that a damaged store answers with an error and never with another record.

A sealed record is the record followed by four bytes: the CRC-32, little-endian, of key and record. The length of the
key is the checksum's start value, so no other division of the same bytes into key and record matches.
"""

from __future__ import annotations

from zlib import crc32

from crossover.runner import Refused

SEAL_BYTES = 4
RESIDUE = 0x2144DF1C
"""The CRC-32 of any bytes that are followed by their own CRC-32, little-endian, whatever the start value."""


class Damaged(Refused):
    """What a store holds is not what was loaded into it."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the store is damaged ({detail}): load it again with crossover etl")


def seal(key: bytes, record: bytes) -> bytes:
    """Return `record` with the checksum of `key` and `record` behind it."""
    return record + crc32(record, crc32(key, len(key))).to_bytes(SEAL_BYTES, "little")


def unseal(key: bytes, sealed: object) -> bytes:
    """Return the record that was sealed under `key`.

    Args:
        key: The key that was asked for.
        sealed: What the database gave, which may be of any type where its pages are damaged.

    Raises:
        Damaged: Where the record is not the one that was sealed under this key.
    """
    if type(sealed) is bytes and crc32(sealed, crc32(key, len(key))) == RESIDUE:
        return sealed[:-SEAL_BYTES]
    raise Damaged("the checksum of a record does not match")
