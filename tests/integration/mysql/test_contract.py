"""The MySQL store keeps what every store must."""

from __future__ import annotations

from tests.contract.store_suite import StoreSuite


class TestMysql(StoreSuite):
    """Against a real server."""
