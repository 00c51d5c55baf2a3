"""An answer is right where its service takes it for the right one."""

from __future__ import annotations

import base64
import zlib

import pytest

from functions.blockchain.handler import SERVICE
from local.load.sameness import same

ANSWER = (SERVICE.examples[0].result or "").encode()
AS_ANOTHER_MACHINE = base64.urlsafe_b64encode(zlib.compress(zlib.decompress(base64.urlsafe_b64decode(ANSWER)), 1))


def test_a_chain_that_another_machine_compressed_is_right() -> None:
    assert AS_ANOTHER_MACHINE != ANSWER
    assert same("blockchain", AS_ANOTHER_MACHINE, ANSWER)


@pytest.mark.parametrize("result", [b"INVALID", b"", ANSWER[:-8], b"\xff"])
def test_another_chain_or_none_is_wrong(result: bytes) -> None:
    assert not same("blockchain", result, ANSWER)


@pytest.mark.parametrize("service", ["qrcode", "notes", ""])
def test_results_of_other_services_are_right_byte_for_byte(service: str) -> None:
    assert same(service, b"result", b"result")
    assert not same(service, b"result ", b"result")
