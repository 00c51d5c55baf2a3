"""Responses, recorded and made up, through any split of their bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.follower import ResponseFollower, ResponseKind
from local.emulator.rds_proxy.wire import ProtocolError


def eof(status: int = wire.AUTOCOMMIT) -> bytes:
    return b"\xfe\0\0" + status.to_bytes(2, "little")


def framed(*payloads: bytes) -> bytes:
    return b"".join(wire.packet(number + 1, payload) for number, payload in enumerate(payloads))


def tracked_ok(status: int, message: bytes, changes: bytes) -> bytes:
    head = b"\0\0\0" + (status | wire.SESSION_STATE_CHANGED).to_bytes(2, "little") + b"\0\0"
    return head + wire.text(message) + wire.text(changes)


def entry(kind: int, data: bytes) -> bytes:
    return bytes((kind,)) + wire.text(data)


ROWS = (b"\1", b"column", eof(), b"\1a", b"\xfb", b"\xfe" + bytes(8) + b"long", eof(wire.AUTOCOMMIT | 1))
CHANGES = entry(0, wire.text(b"time_zone") + wire.text(b"SYSTEM")) + entry(2, b"\0011")
RESPONSES = [
    (ResponseKind.RESULTS, framed(wire.ok()), wire.AUTOCOMMIT, 0),
    (ResponseKind.RESULTS, framed(wire.ServerError(1064, "42000", "no").payload()), wire.AUTOCOMMIT, 1064),
    (ResponseKind.RESULTS, framed(*ROWS), wire.AUTOCOMMIT | 1, 0),
    (
        ResponseKind.RESULTS,
        framed(*ROWS[:-1], wire.ServerError(1317, "70100", "stop").payload()),
        wire.AUTOCOMMIT,
        1317,
    ),
    (ResponseKind.RESULTS, framed(*ROWS[:-1], eof(wire.MORE_RESULTS), wire.ok(3)), 3, 0),
    (ResponseKind.RESULTS, framed(*ROWS[:2], eof(wire.CURSOR_EXISTS | 2)), wire.CURSOR_EXISTS | 2, 0),
    (ResponseKind.PREPARED, framed(b"\0\1\0\0\0\0\0\0\0\0\0\0"), wire.AUTOCOMMIT, 0),
    (ResponseKind.PREPARED, framed(b"\0\1\0\0\0\1\0\2\0\0\0\0", b"p", b"q", eof(), b"c", eof()), wire.AUTOCOMMIT, 0),
    (ResponseKind.PREPARED, framed(b"\0\1\0\0\0\1\0\0\0\0\0\0", b"c", eof()), wire.AUTOCOMMIT, 0),
    (ResponseKind.FIELDS, framed(b"a", b"b", eof()), wire.AUTOCOMMIT, 0),
    (ResponseKind.ROWS, framed(b"\0\0a", eof(3)), 3, 0),
    (ResponseKind.TEXT, framed(b"Uptime: 5"), wire.AUTOCOMMIT, 0),
    (ResponseKind.OPTION, framed(eof()), wire.AUTOCOMMIT, 0),
]


@given(st.data())
def test_any_split_of_the_bytes_gives_the_same_end(data: st.DataObject) -> None:
    kind, response, status, error = data.draw(st.sampled_from(RESPONSES))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(response)), max_size=12)))
    follower = ResponseFollower()
    follower.begin(kind)
    passed = b""
    for start, end in zip([0, *cuts], [*cuts, len(response)], strict=True):
        assert not follower.done or start == end
        if start != end:
            passed += follower.feed(response[start:end])
    assert (follower.done, follower.status, follower.error) == (True, status, error)
    assert passed == response


@given(st.data())
def test_session_state_is_read_and_taken_out_at_any_split(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from([b"", b"Rows matched: 1"]))
    response = framed(tracked_ok(wire.MORE_RESULTS | 2, message, CHANGES), *ROWS)
    plain = (
        b"\0\0\0" + (wire.MORE_RESULTS | 2).to_bytes(2, "little") + b"\0\0" + (wire.text(message) if message else b"")
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(response)), max_size=12)))
    follower = ResponseFollower(tracks=True)
    follower.begin(ResponseKind.RESULTS)
    parts = [response[start:end] for start, end in zip([0, *cuts], [*cuts, len(response)], strict=True) if start != end]
    assert b"".join(map(follower.feed, parts)) == framed(plain, *ROWS)
    assert follower.variables == (("time_zone", "SYSTEM"),)
    assert follower.state_changed


def test_rows_that_go_on_in_further_packets_are_counted_off() -> None:
    large = wire.MAX_PAYLOAD.to_bytes(3, "little") + b"\4" + b"x" * wire.MAX_PAYLOAD
    response = framed(*ROWS[:3]) + large + wire.packet(5, b"\xfe end of the row") + wire.packet(6, eof(1))
    follower = ResponseFollower()
    follower.begin(ResponseKind.RESULTS)
    for start in range(0, len(response), 1 << 18):
        follower.feed(response[start : start + (1 << 18)])
    assert (follower.done, follower.status) == (True, 1)


@pytest.mark.parametrize(
    "response",
    [
        framed(wire.ok(), wire.ok()),
        framed(b"\xfbfile"),
        framed(b""),
        framed(b"\1", b"column", b"no end"),
        framed(b"\2\2"),
        framed(b"\0\xfe"),
        b"\xff\xff\xff\1\0" + bytes(100),
    ],
)
def test_what_is_no_response_is_an_error(response: bytes) -> None:
    follower = ResponseFollower()
    follower.begin(ResponseKind.RESULTS)
    with pytest.raises(ProtocolError):
        follower.feed(response + b"\1\0\0\1\0")


@given(st.binary(max_size=200), st.sampled_from(ResponseKind), st.booleans())
def test_no_bytes_do_more_than_raise_a_protocol_error(data: bytes, kind: ResponseKind, tracks: bool) -> None:
    follower = ResponseFollower(tracks)
    follower.begin(kind)
    try:
        follower.feed(data)
    except ProtocolError:
        return
    assert len(data) < 1 << 20


@given(st.binary(max_size=200))
def test_no_login_and_no_greeting_do_more_than_that_either(data: bytes) -> None:
    for read in (wire.read_login, wire.read_greeting):
        try:
            read(data)
        except ProtocolError:
            continue
