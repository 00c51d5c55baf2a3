"""Where user and password come from, and when they are asked for again."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from pymysql.err import OperationalError

from crossover_mysql import credentials
from crossover_mysql.credentials import Fixed, FromSecret, FromToken, credentials_of
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.target import parse

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"


class Secret:
    """A secret that can be rotated."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        return json.dumps({"username": "reader", "password": self.password, "engine": "mysql"})


class Database(PyMySQLDriver):
    """A driver whose database takes one password."""

    def __init__(self, source: credentials.Credentials, takes: str) -> None:
        super().__init__(parse("mysql://me@h/d"), source)
        self.takes = takes
        self.tried: list[str] = []

    def _connect(self, pair: credentials.Pair) -> Any:
        self.tried.append(pair[1])
        if pair[1] != self.takes:
            raise OperationalError(1045, "Access denied")
        return pair


def test_a_secret_is_read_once() -> None:
    secret = Secret("old")
    source = FromSecret(secret.read)
    assert [source(), source()] == [("reader", "old")] * 2
    assert secret.reads == 1


def test_a_rotation_loses_no_connect() -> None:
    secret = Secret("old")
    database = Database(FromSecret(secret.read), "old")
    database.connect()
    secret.password = database.takes = "new"
    assert database.connect() == ("reader", "new")
    assert database.tried == ["old", "old", "new"]
    assert secret.reads == 2


def test_a_secret_that_is_still_refused_is_not_tried_again() -> None:
    secret = Secret("old")
    database = Database(FromSecret(secret.read), "another")
    with pytest.raises(OperationalError, match="1045"):
        database.connect()
    assert database.tried == ["old"]
    assert secret.reads == 2


def test_of_two_that_were_refused_one_reads_the_secret() -> None:
    secret = Secret("old")
    source = FromSecret(secret.read)
    refused = source()
    secret.password = "new"
    assert source.renewed(refused)
    assert source.renewed(refused)
    assert secret.reads == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"username": "topsecret"}', "topsecret"])
def test_a_secret_without_user_and_password_is_an_error_that_quotes_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="has no username and password") as caught:
        FromSecret(lambda: text)()
    assert "topsecret" not in str(caught.value)


def test_a_token_is_signed_at_each_connect_and_not_again_where_it_is_refused() -> None:
    signed = iter(["one", "two", "three"])
    source = FromToken("reader", lambda: next(signed))
    assert [source(), source()] == [("reader", "one"), ("reader", "two")]
    assert not source.renewed(("reader", "two"))
    with pytest.raises(OperationalError):
        Database(source, "x").connect()


def test_what_a_url_asks_for() -> None:
    assert credentials_of(parse("mysql://me:pass@h/d"))() == ("me", "pass")
    assert not Fixed("me", "pass").renewed(("me", "pass"))
    assert isinstance(credentials_of(parse(f"mysql://h/d?secret={ARN}")), FromSecret)
    assert isinstance(credentials_of(parse("mysql://me@h/d?auth=iam")), FromToken)
    assert parse("mysql://me@h/d?auth=iam").tls


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://h/d", "USER:PASSWORD"),
        ("mysql://h/d?auth=iam", "USER:PASSWORD"),
        ("mysql://me:topsecret@h/d?auth=iam", "no password of its own"),
        (f"mysql://me:topsecret@h/d?secret={ARN}", "no password of its own"),
        (f"mysql://me@h/d?secret={ARN}&auth=iam", "either secret or auth"),
        ("mysql://me@h/d?auth=password", "auth is iam"),
        ("mysql://me@h/d?secret=", "secret is the ARN"),
    ],
)
def test_a_url_that_asks_for_two_things_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse(url)
    assert "topsecret" not in str(caught.value)


def test_the_client_is_of_the_region_that_an_arn_or_a_host_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    asked: list[tuple[str, str | None]] = []
    real = credentials._client

    class Manager:
        def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - AWS' name
            return {"SecretString": Secret("x").read()}

    def client(service: str, region: str | None) -> Any:
        asked.append((service, region))
        return Manager() if service == "secretsmanager" else real(service, region)

    monkeypatch.setattr(credentials, "_client", client)
    assert credentials_of(parse(f"mysql://h/d?secret={ARN}"))() == ("reader", "x")
    assert credentials_of(parse("mysql://h/d?secret=name"))() == ("reader", "x")
    host = "proxy-x.proxy-abc.eu-central-1.rds.amazonaws.com"
    user, token = credentials_of(parse(f"mysql://reader@{host}/d?auth=iam"))()
    assert user == "reader"
    assert token.startswith(f"{host}:3306/?Action=connect&DBUser=reader")
    assert "%2Feu-central-1%2Frds-db%2Faws4_request" in token
    credentials_of(parse("mysql://reader@127.0.0.1/d?auth=iam"))()
    regions = [("secretsmanager", "eu-west-1"), ("secretsmanager", None), ("rds", "eu-central-1"), ("rds", None)]
    assert asked == regions
    real.cache_clear()


def test_without_boto3_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials._client.cache_clear()
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ValueError, match="needs boto3"):
        credentials_of(parse("mysql://h/d?secret=name"))()


def test_nothing_of_aws_is_imported_where_no_url_asks_for_it() -> None:
    code = (
        "import sys; from crossover_mysql.store import open_store; open_store('mysql://me@h/d');"
        "open_store('mysql://h/d?secret=name'); print([m for m in sys.modules if m.startswith(('boto', 'aws'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
