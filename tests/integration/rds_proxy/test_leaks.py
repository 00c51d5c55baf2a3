"""State that RDS Proxy does not see is left to the next client, and the emulator says so."""

from __future__ import annotations

from local.emulator.rds_proxy.settings import EXCLUDE_VARIABLE_SETS
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import RunningProxy, ask


def leaks(proxy: RunningProxy) -> list[str]:
    proxy.inside(lambda proxy: None)
    return [line for line in proxy.lines if "changed without a pin" in line]


def test_state_that_a_procedure_changes_leaks_with_a_warning(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client, other = proxy.connect(database=database), proxy.connect(database=database)
    ask(client, "CREATE PROCEDURE hidden() BEGIN SET sort_buffer_size = 123456; CREATE TEMPORARY TABLE t (id INT); END")
    ask(client, "CALL hidden()")
    assert proxy.pins() == []
    assert ask(other, "SELECT @@sort_buffer_size") == 123456
    assert ask(other, "SELECT COUNT(*) FROM t") == 0
    (line,) = leaks(proxy)
    assert "sort_buffer_size" in line
    assert "CALL `hidden` ( )" in line
    assert proxy.counts()["emulator_leaks"] == 1


def test_what_the_filter_exempts_leaks_with_a_warning(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, session_pinning_filters=(EXCLUDE_VARIABLE_SETS,))
    ask(proxy.connect(), "SET sort_buffer_size = 123456")
    assert ask(proxy.connect(), "SELECT @@sort_buffer_size") == 123456
    assert len(leaks(proxy)) == 1


def test_what_is_tracked_or_pins_is_no_leak(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=2)
    client = proxy.connect()
    for sql in (
        "SET NAMES latin1",
        "SET CHARACTER SET utf8mb4",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
        "SET collation_connection = latin1_bin",
        "SET autocommit = 1, time_zone = '+01:00'",
        f"USE {database}",
        "INSERT INTO pets VALUES (7, 'Rex')",
        "CREATE TABLE more (id INT AUTO_INCREMENT PRIMARY KEY)",
        "INSERT INTO more VALUES (NULL)",
        "BEGIN",
        "COMMIT",
        "SET @x = 1",
        "SET sort_buffer_size = 100000",
        f"DROP DATABASE {database}",
    ):
        ask(client, sql)
    assert leaks(proxy) == []
