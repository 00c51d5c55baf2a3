"""The DynamoDB store keeps what every store must."""

from __future__ import annotations

from tests.contract.store_suite import StoreSuite


class TestDynamodb(StoreSuite):
    """Against a server that speaks DynamoDB's interface."""
