"""What a MySQL store's URL says, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover_mysql.target import parse


def test_a_url_names_host_port_user_password_and_database() -> None:
    target = parse("mysql://us%40er:p%2Fw@db.example.org:3307/tw%20itter")
    assert (target.host, target.port, target.database) == ("db.example.org", 3307, "tw itter")
    assert (target.user, target.password) == ("us@er", "p/w")
    assert target.tls is False


def test_user_and_password_are_percent_decoded_as_utf_8() -> None:
    target = parse("mysql://us%C3%A9r:p%C3%A4ss%F0%9F%94%91word@h/d")
    assert (target.user, target.password) == ("us\u00e9r", "p\u00e4ss\U0001f511word")


def test_port_and_password_have_defaults() -> None:
    target = parse("mysql://me@127.0.0.1/twitter")
    assert (target.port, target.password) == (3306, "")


def test_options_set_pool_and_timeouts() -> None:
    target = parse("mysql://me@h/d?size=7&borrow_timeout=0.5&lifetime=60&connect_timeout=1&read_timeout=1.5&tls=1")
    assert (target.tls, target.ca) == (True, None)
    assert (target.connect_timeout, target.read_timeout) == (1.0, 1.5)
    assert (target.limits.size, target.limits.borrow_timeout, target.limits.lifetime) == (7, 0.5, 60.0)


def test_a_file_of_certificates_turns_tls_on(tmp_path: Path) -> None:
    file = tmp_path / "rds.pem"
    file.write_text("certificates")
    target = parse(f"mysql://me@h/d?ca={file}&tls=0")
    assert (target.tls, target.ca) == (True, str(file))


@pytest.mark.parametrize("name", ["missing", "empty", ".", "zero%00"])
def test_a_file_of_certificates_has_to_be_there_and_hold_something(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="ca is a file of certificates"):
        parse(f"mysql://me@h/d?ca={tmp_path}/{name}")
    with pytest.raises(ValueError, match="ca is a file of certificates"):
        parse("mysql://me@h/d?ca=")


def test_a_read_that_is_lost_and_repeated_fits_a_function_of_five_seconds() -> None:
    target = parse("mysql://me@h/d")
    assert target.read_timeout + target.connect_timeout + target.read_timeout < 5


@pytest.mark.parametrize(
    "url",
    [
        "mysql://",
        "mysql://host/db",
        "mysql://:topsecret@host/db",
        "mysql://me:topsecret@host",
        "mysql://me:topsecret@host/",
        "mysql://me:topsecret@/db",
        "mysql://me:topsecret@host:port/db",
        "mysql://me:topsecret@host:99999/db",
        "mysql://me:topsecret@host:0/db",
        "mysql://me:topsecret@host/db#part",
        "mysql://me:topsecret@host/db|mysql://me:topsecret@host/other",
        "sqlite://me:topsecret@host/db",
        "mysql://me:topsecret@host/db?colour=red",
        "mysql://me:topsecret@host/db?size=2&size=3",
        "mysql://me:topsecret@host/db?size=0",
        "mysql://me:topsecret@host/db?size=101",
        "mysql://me:topsecret@host/db?size=",
        "mysql://me:topsecret@host/db?size=\u0662",
        "mysql://me:topsecret@host/db?size=00100000",
        "mysql://me:topsecret@host/db?size=99999999999999999999",
        "mysql://me:topsecret@host/db?schema=wide",
        "mysql://me:topsecret@host/db?tls=yes",
        "mysql://me:topsecret@host/db?read_timeout=nan",
        "mysql://me:topsecret@host/db?read_timeout=inf",
        "mysql://me:topsecret@host/db?lifetime=0",
        "mysql://me:topsecret@host/db?borrow_timeout=-1",
        "mysql://me:topsecret@host/db?connect_timeout=soon",
        "mysql://me:secret[@host/db",
        "mysql://me:secret%E4@host/db",
        "mysql://me%FF:topsecret@host/db",
    ],
)
def test_any_other_url_is_refused_without_a_word_of_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as problem:
        parse(url)
    assert "topsecret" not in str(problem.value)
    assert problem.value.__cause__ is None


def test_a_target_does_not_print_its_password() -> None:
    assert "secret" not in repr(parse("mysql://me:topsecret@host/db"))
