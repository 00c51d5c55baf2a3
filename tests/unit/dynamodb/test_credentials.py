"""Where keys come from."""

from __future__ import annotations

import pytest
from botocore.credentials import Credentials

from crossover.runner import Unavailable
from crossover_dynamodb import credentials
from crossover_dynamodb.credentials import LOCAL, AwsKeys, FixedKeys, FromBotocore, credentials_of
from crossover_dynamodb.target import parse

AWS = parse("dynamodb://tweets?region=us-east-1", {})


def test_a_server_on_this_machine_gets_none_of_the_users_own():
    here = parse("dynamodb://tweets?region=us-east-1&endpoint=http://127.0.0.1:1", {})
    assert credentials_of(here, {"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "mine"})() == LOCAL


def test_those_of_the_environment_come_first():
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    found = credentials_of(AWS, environ)
    assert found() == ("a", "b", "c")
    assert not found.renewed(found())


def test_else_botocore_finds_them(monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=x\naws_secret_access_key=y\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert credentials_of(AWS, {})() == AwsKeys("x", "y")


def test_refused_ones_are_looked_for_again():
    found = iter([Credentials("a", "1"), Credentials("a", "2"), Credentials("a", "2")])
    renewing = FromBotocore(lambda: next(found))
    first = renewing()
    assert renewing() == first == AwsKeys("a", "1")
    assert renewing.renewed(first)
    assert renewing() == AwsKeys("a", "2")
    assert not renewing.renewed(AwsKeys("a", "2"))


def raising(problem):
    def find():
        raise problem

    return find


@pytest.mark.parametrize(
    ("find", "says"),
    [
        (lambda: None, "set AWS_ACCESS_KEY_ID"),
        (raising(ImportError()), "botocore is missing"),
        (raising(RuntimeError("no metadata")), "no AWS credentials: no metadata"),
    ],
)
def test_having_none_is_unavailable(find, says):
    with pytest.raises(Unavailable, match=says):
        FromBotocore(find)()


def test_fixed_ones_stay():
    assert FixedKeys(LOCAL)() is LOCAL
    assert credentials.LOCAL.token == ""
