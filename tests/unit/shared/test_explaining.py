"""An explanation is completed by what a platform gives, and stands as far as it is known where it gives nothing."""

from __future__ import annotations

from typing import Any

import pytest

from crossover.explaining import explained, explained_here
from crossover.runner import InlineRunner
from crossover.seam import Compute, Done, Explanation, Fetch, Invalid, Request, Service
from tests.unit.shared.test_seam import Shelf, Slow


class Count:
    """Counts its steps in one."""

    def advance(self, units: int) -> Done:
        return Done(7)


def explain(request: Request, brief: bool) -> Explanation:
    """A fetch and then a computation, with what is known so far at each."""

    def fetched(record: bytes | None) -> Explanation:
        if record is None:
            raise Invalid("key", "there is no record")
        known = {"brief": brief, "record": record.decode()}
        return Explanation(known, Compute(Count(), lambda value: Explanation({**known, "value": value})))

    return Explanation({"brief": brief}, Fetch(request.one(b"key"), fetched))


SERVICE = Service("shelf", "", lambda _: b"", (), (), explain=explain)


def test_every_need_is_met_and_the_time_for_it_told() -> None:
    data = explained_here(SERVICE, b"key=x", InlineRunner(Shelf(x=b"one")))
    assert data.pop("seconds") >= 0
    assert data == {"brief": False, "record": "one", "value": 7, "problem": ""}


@pytest.mark.parametrize(
    ("query", "store", "expected"),
    [
        (b"", Shelf(), {"problem": "INVALID, parameter: key is missing"}),
        (b"key=x", Shelf(), {"brief": False, "problem": "INVALID, key: there is no record"}),
        (b"key=x", None, {"brief": False, "problem": "UNAVAILABLE: the platform cannot fetch or compute this now"}),
    ],
)
def test_what_is_known_is_shown_with_the_problem(query: bytes, store: Shelf | None, expected: dict[str, Any]) -> None:
    data = explained_here(SERVICE, query, InlineRunner(store))
    del data["seconds"]
    assert data == expected


async def test_the_service_is_called_where_the_platform_says() -> None:
    called: list[str] = []

    async def call(function: Any, *arguments: Any) -> Any:
        called.append(function.__name__)
        return function(*arguments)

    data = await explained(SERVICE, b"key=x", InlineRunner(Shelf(x=b"one")), brief=True, call=call)
    assert (data["brief"], called) == (True, ["explain", "fetched", "<lambda>"])


def test_a_service_that_does_not_explain_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match=r"^plain$"):
        explained_here(Service("plain", "", lambda _: b"", (), ()), b"", InlineRunner())


async def test_what_the_platform_gives_later_is_waited_for() -> None:
    data = await explained(SERVICE, b"key=x", Slow(Shelf(x=b"one")))
    assert (data["value"], data["problem"]) == (7, "")
