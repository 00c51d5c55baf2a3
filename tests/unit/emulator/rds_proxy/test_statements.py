"""SQL text: what it does to a session, and its digest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator.rds_proxy.pins import PLAIN, effect_of, ends_transaction
from local.emulator.rds_proxy.rules import rules
from local.emulator.rds_proxy.statements import digest
from local.emulator.rds_proxy.tracked import SessionState, assigned, can_follow, replay


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("set @a=1", "pin-user-variable"),
        ("SELECT\t@a:=1", "pin-user-variable"),
        ("SELECT 1, 2 INTO @a, @b", "pin-user-variable"),
        ("SELECT 1; SET @a = 1", "pin-user-variable"),
        ("SET NAMES utf8mb4, @a = 1", "pin-user-variable"),
        ("DO GET_LOCK('a', 1)", "pin-named-lock"),
        ("SELECT /*! GET_LOCK('a', 1) */", "pin-named-lock"),
        ("lock  tables t read", "pin-table-lock"),
        ("FLUSH LOCAL TABLES", None),
        ("FLUSH TABLES t WITH READ LOCK", "pin-table-lock"),
        ("create temporary table t select 1", "pin-temporary-table"),
        ("PREPARE s FROM @q", "pin-prepared-text"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "pin-prepared-text"),
        ("SELECT ROW_COUNT ( )", "pin-row-functions"),
        ("SET GLOBAL max_connections = 5", "pin-untracked-variable"),
        ("SET @@GLOBAL.time_zone = 'UTC'", "pin-untracked-variable"),
        ("SET @@session.sort_buffer_size := 5", "pin-untracked-variable"),
        ("SET ROLE admin", "pin-untracked-variable"),
        ("SELECT 'a\\'; SET @a = 1'", None),
        ("SELECT `SET @a` FROM `GET_LOCK`", None),
        ("SELECT lock_name, dropped, user, offset FROM t", None),
        ("SELECT @a, @@time_zone", None),
        ("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1", None),
        ("CREATE DEFINER=`a`@`%` FUNCTION f() RETURNS INT RETURN GET_LOCK('a', 0)", None),
        ("CALL p(@out)", None),
        ("SET PASSWORD = 'x'", None),
        ("INSERT INTO t VALUES ('set @x = 1', 'last_insert_id()')", None),
        ("", None),
        (";;", None),
        ("/* SET @a = 1", None),
        ("'SET @a = 1", None),
    ],
)
def test_a_statement_pins_by_the_rule_that_it_says(sql: str, rule: str | None) -> None:
    pin = effect_of(sql.encode()).pin
    assert (pin and pin.rule) == rule
    assert rule is None or rule in rules()


def test_without_backslash_escapes_a_string_ends_earlier() -> None:
    sql = rb"SELECT '\'; SET @a = 1; SELECT '"
    assert effect_of(sql).pin is None
    assert effect_of(sql, backslash_escapes=False).pin is not None


@pytest.mark.parametrize(
    ("sql", "assignments"),
    [
        ("SET NAMES utf8mb4", (("NAMES", "'utf8mb4'"),)),
        ("set names 'UTF8MB4' collate utf8mb4_bin", (("NAMES", "'utf8mb4' COLLATE 'utf8mb4_bin'"),)),
        ("SET CHAR SET latin1", (("CHARACTER SET", "'latin1'"),)),
        ("SET autocommit=OFF", (("AUTOCOMMIT", "0"),)),
        ("SET @@autocommit := true", (("AUTOCOMMIT", "1"),)),
        ("SET SESSION time_zone = SYSTEM, wait_timeout = 5", (("TIME_ZONE", "'SYSTEM'"), ("WAIT_TIMEOUT", "5"))),
        ('SET time_zone = "+01:00"', (("TIME_ZONE", '"+01:00"'),)),
        ("SET time_zone = DEFAULT", (("TIME_ZONE", "DEFAULT"),)),
        ("SET tx_isolation = 'READ-COMMITTED'", (("TRANSACTION_ISOLATION", "'READ-COMMITTED'"),)),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", (("SQL_MODE", ""),)),
        ("SET character_set_results = NULL", (("CHARACTER_SET_RESULTS", "NULL"),)),
    ],
)
def test_a_set_of_tracked_variables_is_read(sql: str, assignments: tuple[tuple[str, str], ...]) -> None:
    effect = effect_of(sql.encode())
    assert effect.assignments == assignments
    assert effect.pin is None
    assert not effect.begins


@pytest.mark.parametrize(
    ("sql", "ends"),
    [
        ("COMMIT", True),
        ("rollback", True),
        ("ROLLBACK TO a", False),
        ("CREATE TABLE t (a INT)", True),
        ("SELECT 1", False),
        ("CREATE TEMPORARY TABLE t (a INT)", False),
        ("SELECT 1; COMMIT", True),
        ("", False),
    ],
)
def test_what_ends_a_transaction_without_a_flag(sql: str, ends: bool) -> None:
    assert ends_transaction(sql.encode()) is ends


def test_digests_have_no_values() -> None:
    assert digest(b"select name from Pets where id in (1, 2, 3) and x = 'secret' -- why") == (
        "SELECT `name` FROM `pets` WHERE `id` IN (...) AND `x` = ?"
    )
    assert len(digest(b"SELECT " + b"a, " * 5_000)) < 1_100


@given(st.binary(max_size=300))
def test_no_text_is_too_odd_to_be_read(sql: bytes) -> None:
    effect_of(b"SET " + sql)
    digest(sql)
    assert effect_of(sql) is not None


def test_a_plain_read_is_not_taken_apart() -> None:
    assert effect_of(b"SELECT record FROM records WHERE id IN (x'00', x'01')") is PLAIN


values = st.dictionaries(
    st.sampled_from(["TIME_ZONE", "SQL_MODE", "WAIT_TIMEOUT", "AUTOCOMMIT"]), st.sampled_from(["1", "2"]), max_size=4
)


@given(values, values)
def test_replaying_brings_a_connection_to_the_wanted_state(have: dict[str, str], want: dict[str, str]) -> None:
    before = assigned(SessionState(), tuple(have.items()))
    wanted = assigned(SessionState(), tuple(want.items()))
    if not can_follow(before, wanted):
        before = SessionState()
    for statement in replay(before, wanted):
        before = assigned(before, effect_of(statement.encode()).assignments)
    assert before == wanted


def test_a_character_set_takes_the_place_of_its_parts() -> None:
    parts = assigned(SessionState(), (("CHARACTER_SET_CLIENT", "'latin1'"), ("CHARACTER_SET_RESULTS", "NULL")))
    named = assigned(parts, (("NAMES", "'utf8mb4'"),))
    assert named == SessionState(b"", (("NAMES", "'utf8mb4'"),))
    both = assigned(named, (("CHARACTER_SET_RESULTS", "NULL"),))
    assert replay(SessionState(), both) == ("SET NAMES 'utf8mb4', SESSION CHARACTER_SET_RESULTS = NULL",)
    assert not can_follow(parts, named)
    assert not can_follow(named, SessionState())
