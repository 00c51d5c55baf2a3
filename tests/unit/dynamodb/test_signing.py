"""Signatures are those of botocore, which shares no code with what makes them."""

from __future__ import annotations

import datetime
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from crossover_dynamodb.credentials import AwsKeys
from crossover_dynamodb.signing import Signer

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def by_botocore(host: str, region: str, target: str, body: bytes, keys: AwsKeys, at: float) -> str:
    headers = {"content-type": "application/x-amz-json-1.0", "host": host, "x-amz-target": target}
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(Credentials(keys.access, keys.secret, keys.token or None), "dynamodb", region).add_auth(request)
    return str(request.headers["Authorization"])


@given(TEXT, TEXT, TEXT | st.just(""), st.binary(max_size=100), st.integers(0, 4_000_000_000))
def test_a_signature_is_botocores(access, secret, token, body, at):
    keys = AwsKeys(access, secret, token)
    signer = Signer("dynamodb.us-east-1.amazonaws.com", "us-east-1")
    for target in ("DynamoDB_20120810.GetItem", "DynamoDB_20120810.Scan"):
        made = signer.headers(target, body, keys, at)["authorization"]
        assert made == by_botocore("dynamodb.us-east-1.amazonaws.com", "us-east-1", target, body, keys, at)


def test_a_session_token_is_signed_too():
    keys = AwsKeys("a", "b", "token")
    made = Signer("localhost", "eu-west-1").headers("X.Y", b"", keys, 1_700_000_000)
    assert made["x-amz-security-token"] == "token"
    assert made["authorization"] == by_botocore("localhost", "eu-west-1", "X.Y", b"", keys, 1_700_000_000)


@pytest.mark.parametrize("later", [0, 86_400])
def test_a_derived_key_serves_for_its_day_and_its_secret_alone(later):
    signer = Signer("localhost:8000", "eu-west-1")
    for keys in (AwsKeys("a", "one"), AwsKeys("a", "two"), AwsKeys("a", "one")):
        made = signer.headers("X.Y", b"{}", keys, 1_700_000_000 + later)["authorization"]
        assert made == by_botocore("localhost:8000", "eu-west-1", "X.Y", b"{}", keys, 1_700_000_000 + later)
