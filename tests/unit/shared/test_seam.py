"""The seam: what a request gives, and how a service is driven."""

from __future__ import annotations

import asyncio
import pickle
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.runner import InlineRunner, Later, Unavailable, Waiting, at_once, drive, meet
from crossover.seam import MAX_PARAMETERS, Compute, Done, Fetch, Invalid, Request
from tests.services import primes


class Shelf:
    """A store of a few records, in memory."""

    def __init__(self, **records: bytes) -> None:
        self.records = {name.encode(): record for name, record in records.items()}
        self.closed = False

    def fetch(self, key: bytes) -> bytes | None:
        return self.records.get(key)

    def fetch_many(self, keys: object) -> list[bytes | None]:
        raise NotImplementedError

    def version(self) -> str:
        return "1"

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (b"data=CC%20Team", b"CC Team"),
        (b"data=CC+Team", b"CC Team"),
        (b"data=CC%2bTeam", b"CC+Team"),
        (b"data=", b""),
        (b"data", b""),
        (b"data=a=b", b"a=b"),
        (b"&&data=x&", b"x"),
        (b"%64ata=x", b"x"),
        (b"data=%zz%4", b"%zz%4"),
        (b"data=%ff%00", b"\xff\x00"),
        (b"other=1&data=x&other=2", b"x"),
    ],
)
def test_a_parameter_is_decoded_once(query: bytes, value: bytes) -> None:
    assert Request(query).one(b"data") == value


@pytest.mark.parametrize("query", [b"", b"datum=1", b"=data"])
def test_a_missing_parameter_is_invalid(query: bytes) -> None:
    with pytest.raises(Invalid, match="parameter: data is missing"):
        Request(query).one(b"data")


@pytest.mark.parametrize("query", [b"data=1&data=1", b"data=&data=", b"data=1&%64ata=2", b"data&data&data"])
def test_a_parameter_given_twice_is_invalid(query: bytes) -> None:
    with pytest.raises(Invalid, match="parameter: data is given twice"):
        Request(query).one(b"data")


def test_a_query_of_too_many_parameters_is_invalid_before_it_is_split() -> None:
    Request(b"&".join([b"a=1"] * MAX_PARAMETERS))
    with pytest.raises(Invalid, match="more than 64 parameters"):
        Request(b"&" * 10_000)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=8))
def test_every_form_that_a_browser_sends_is_read_as_the_standard_library_reads_it(form: dict[str, str]) -> None:
    query = urlencode(form)
    request = Request(query.encode())
    for name, value in parse_qsl(query, keep_blank_values=True):
        assert request.one(name.encode()) == value.encode()


def test_a_result_needs_no_runner() -> None:
    assert at_once(drive(b"done", InlineRunner())) == b"done"


def test_needs_are_met_one_after_the_other() -> None:
    step = Fetch(b"a", then=lambda a: Fetch(b"b", then=lambda b: b"%s %s" % (a, b)))
    assert at_once(drive(step, InlineRunner(Shelf(a=b"one", b=b"two")))) == b"one two"


def test_a_record_that_is_not_there_is_none() -> None:
    step = Fetch(b"c", then=lambda record: repr(record).encode())
    assert at_once(drive(step, InlineRunner(Shelf(a=b"one")))) == b"None"


def test_a_fetch_without_a_store_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        at_once(drive(Fetch(b"a", then=lambda _: b""), InlineRunner()))


@pytest.mark.parametrize("units", [1, 7, 1_000_000])
def test_a_work_ends_the_same_however_it_is_cut(units: int) -> None:
    work = primes.Search(1_000_000)
    while not isinstance(work, Done):
        work = pickle.loads(pickle.dumps(work)).advance(units)  # noqa: S301 - our own
    assert work.value == 1_000_003


def test_a_computation_longer_than_one_inline_slice_goes_on() -> None:
    class Countdown:
        def __init__(self, left: int) -> None:
            self.left = left

        def advance(self, units: int) -> Countdown | Done:
            return Countdown(self.left - units) if self.left > units else Done(self.left)

    step = Compute(Countdown(2_500_000), then=lambda left: b"%d" % left)
    assert at_once(drive(step, InlineRunner())) == b"500000"


def test_a_coroutine_that_waits_is_no_inline_work() -> None:
    class Waiting:
        def __await__(self) -> object:
            yield

    async def waits() -> None:
        await Waiting()

    with pytest.raises(RuntimeError, match="waited"):
        at_once(waits())


class Slow(InlineRunner):
    """Meets every need later."""

    def fetch(self, key: bytes) -> Later:
        return Later(self._later(super().fetch(key)))

    async def _later(self, value: object) -> object:
        await asyncio.sleep(0)
        return value


async def test_a_need_that_takes_time_is_waited_for_and_the_rest_goes_on() -> None:
    step = Fetch(b"a", then=lambda a: Fetch(b"b", then=lambda b: b"%s %s" % (a, b)))
    runner = Slow(Shelf(a=b"one", b=b"two"))
    assert await drive(step, runner) == b"one two"
    begun = meet(step, runner)
    assert isinstance(begun, Waiting)
    assert await drive(begun, runner) == b"one two"


def test_what_is_at_hand_is_met_without_a_coroutine() -> None:
    step = Fetch(b"a", then=lambda a: Compute(primes.Search(10), then=lambda prime: b"%s %d" % (a, prime)))
    assert meet(step, InlineRunner(Shelf(a=b"one"))) == b"one 11"
