"""Tokens as boto3 makes them."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator.rds_proxy.iam import AccessKey, refusal

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ENDPOINT = "127.0.0.1:3306"


def token(
    secret: str = KEY.secret, session: str | None = None, user: str = "reader", port: int = 3306
) -> tuple[str, float]:
    """A token, and when it was signed."""
    signer = boto3.client(
        "rds",
        region_name="eu-central-1",
        aws_access_key_id=KEY.key_id,
        aws_secret_access_key=secret,
        aws_session_token=session,
    )
    made: str = signer.generate_db_auth_token("127.0.0.1", 3306, "reader")
    signed = made.partition("X-Amz-Date=")[2][:16]
    return made, datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("session", [None, "FwoGZXIvYXdzEXAMPLE+token/=="])
def test_a_token_of_boto3_lets_its_user_in_for_15_minutes(session: str | None) -> None:
    made, at = token(session=session)
    for now in (at - 299, at, at + 899, at + 900):
        assert refusal(made, "reader", ENDPOINT, (KEY,), now) is None
    assert refusal(made, "reader", ENDPOINT, (KEY,), at + 901) == "it has expired"
    assert refusal(made, "reader", ENDPOINT, (KEY,), at - 301) == "it was signed in the future"


def test_a_token_that_is_not_right_is_refused() -> None:
    made, now = token()
    assert refusal(made, "writer", ENDPOINT, (KEY,), now) == "it was signed for another user"
    assert refusal(made, "reader", "127.0.0.1:3307", (KEY,), now) == "it was signed for another host or port"
    assert refusal(made, "reader", ENDPOINT, (), now) == "it was signed with an unknown access key"
    other, _ = token(secret="another")
    assert refusal(other, "reader", ENDPOINT, (KEY,), now) == "its signature is wrong"
    longer = made.replace("X-Amz-Expires=900", "X-Amz-Expires=90000")
    assert refusal(longer, "reader", ENDPOINT, (KEY,), now) == "its signature is wrong"
    for broken in ("", "x", "127.0.0.1:3306/?", made.replace("X-Amz-Date", "X-Amz-Day")):
        assert refusal(broken, "reader", ENDPOINT, (KEY,), now) is not None


@given(st.text(max_size=300))
def test_no_token_is_too_odd_to_be_refused(text: str) -> None:
    assert refusal(f"{ENDPOINT}/?{text}", "reader", ENDPOINT, (KEY,), 0.0) is not None


def test_a_key_shows_no_secret() -> None:
    assert KEY.secret not in repr(KEY)
