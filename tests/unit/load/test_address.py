"""Addresses: whom a load may hit."""

from __future__ import annotations

import socket

import pytest

from local.errors import UserError
from local.load.address import find
from tests.support.server import free_port


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://x", "127.0.0.1:8080", "http://", "http://127.0.0.1:0", "http://h:99999", "http://[h", "http://h/?a=b"),
        *("http://h/#a", "http://me:secret@127.0.0.1:1", "http://h:x", "http://..", ""),
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="the URL is the address of a running server") as problem:
        find(url)
    assert "secret" not in str(problem.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "10.0.0.1", "169.254.169.254", "224.0.0.1"])
def test_another_machine_is_refused(host: str) -> None:
    with pytest.raises(UserError, match="is not this machine; --remote allows"):
        find(f"http://{host}:8080")


def test_an_address_where_nobody_answers_is_told() -> None:
    with pytest.raises(UserError, match=r"no server answers at http://127\.0\.0\.1:\d+: Connection refused"):
        find(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_server_of_this_machine_is_found_by_any_name(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        target = find(f"http://{name}:{port}/a path/%20/")
    assert (target.ip, target.port, target.host) == ("127.0.0.1", port, f"{name}:{port}")
    assert (target.base, target.tls_name) == ("/a%20path/%20", "")
