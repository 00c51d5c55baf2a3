"""What a DynamoDB store's URL says."""

from __future__ import annotations

import pytest

from crossover_dynamodb.target import parse

HERE = {"AWS_REGION": "us-east-1"}


def test_a_table_is_at_its_regions_endpoint_over_tls():
    target = parse("dynamodb://tweets?region=eu-west-1", {})
    assert (target.table, target.authority, target.tls) == ("tweets", "dynamodb.eu-west-1.amazonaws.com", True)
    assert parse("dynamodb://tweets?region=cn-north-1", {}).host == "dynamodb.cn-north-1.amazonaws.com.cn"
    assert parse("dynamodb://tweets", {"AWS_DEFAULT_REGION": "us-gov-west-1"}).region == "us-gov-west-1"


def test_an_endpoint_replaces_it():
    target = parse("dynamodb://tweets?endpoint=http://127.0.0.1:8000", HERE)
    assert (target.authority, target.tls, target.is_loopback) == ("127.0.0.1:8000", False, True)
    assert parse("dynamodb://tweets?endpoint=https://[::1]", HERE).authority == "[::1]"
    assert parse("dynamodb://tweets?endpoint=http://localhost/", HERE).is_loopback
    assert not parse("dynamodb://tweets?endpoint=http://dynamodb", HERE).is_loopback
    assert "127.0.0.1:8000" in str(target)


def test_options_are_read():
    target = parse(
        "dynamodb://tweets?consistent=1&size=7&refresh=0.5&attempts=2&borrow_timeout=3&lifetime=9"
        "&connect_timeout=0.1&read_timeout=0.2",
        HERE,
    )
    assert (target.consistent, target.limits.size, target.refresh, target.attempts) == (True, 7, 0.5, 2)
    assert (target.limits.borrow_timeout, target.limits.lifetime) == (3, 9)
    assert (target.connect_timeout, target.read_timeout) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("dynamodb://", "dynamodb://TABLE"),
        ("dynamodb://[", "dynamodb://TABLE"),
        ("dynamodb://ab", "dynamodb://TABLE"),
        ("dynamodb://tab le", "dynamodb://TABLE"),
        ("dynamodb://tweets/more", "dynamodb://TABLE"),
        ("dynamodb://me:secret@tweets", "dynamodb://TABLE"),
        ("dynamodb://tweets#x", "dynamodb://TABLE"),
        ("mysql://tweets", "dynamodb://TABLE"),
        ("dynamodb://tweets?region=", "names no region"),
        ("dynamodb://tweets?region=us_east/1", "names no region"),
        ("dynamodb://tweets?other=1", "takes the options region, endpoint"),
        ("dynamodb://tweets?size=1&size=2", "each once"),
        ("dynamodb://tweets?endpoint=ftp://x", "endpoint is an address"),
        ("dynamodb://tweets?endpoint=http://", "endpoint is an address"),
        ("dynamodb://tweets?endpoint=http://x:0", "endpoint is an address"),
        ("dynamodb://tweets?endpoint=http://x:99999", "endpoint is an address"),
        ("dynamodb://tweets?endpoint=http://me:secret@x", "endpoint is an address"),
        ("dynamodb://tweets?consistent=yes", "consistent is 0 or 1"),
        ("dynamodb://tweets?size=0", "size is a whole number from 1 to 100"),
        ("dynamodb://tweets?attempts=11", "attempts is a whole number from 1 to 10"),
        ("dynamodb://tweets?refresh=6", "refresh is a number of seconds above 0 and up to 5"),
        ("dynamodb://tweets?read_timeout=x", "read_timeout is a number of seconds"),
        ("dynamodb://tweets?lifetime=-1", "lifetime is a number of seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_a_secret(url, says):
    with pytest.raises(ValueError, match=says) as refused:
        parse(url, HERE)
    assert "secret" not in str(refused.value)


def test_a_url_needs_a_region_from_somewhere():
    with pytest.raises(ValueError, match=r"region=us-east-1.*AWS_REGION"):
        parse("dynamodb://tweets", {})
