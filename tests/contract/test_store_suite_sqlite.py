"""The SQLite adapter, and a store of several files, pass what every store must."""

import pytest

from tests.contract.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/records.db"


class TestShardedSqlite(StoreSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return "|".join(f"sqlite:///{tmp_path}/records{part}.db" for part in range(3))
