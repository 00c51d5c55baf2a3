"""The SQLite adapter passes what every store must."""

import pytest

from tests.contract.store_suite import StoreSuite


class TestSqlite(StoreSuite):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path}/records.db"
