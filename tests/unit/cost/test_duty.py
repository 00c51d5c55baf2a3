"""Bills with load for a part of their hours."""

from __future__ import annotations

from fractions import Fraction

import pytest

from local.cost import files
from local.cost.errors import CostError
from local.cost.lines import line_of
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.workload import Mix
from tests.unit.cost.conftest import some_work

HALF = Fraction(1, 2)
MIX = Mix.of([(some_work(request_bytes=500, response_bytes=1500), Fraction(1))])


def items(name: str, book: PriceBook, rate: int, duty: Fraction = Fraction(1)) -> dict[str, Fraction]:
    bill = cheapest(files.configuration(name), MIX, Fraction(rate), book, usage=Usage(duty=duty))
    return {item.name: item.month for item in bill.items}


def test_what_goes_by_the_request_follows_the_load(book: PriceBook) -> None:
    assert items("lambda-url", book, 1000, HALF) == items("lambda-url", book, 500)


def test_a_fleet_stands_ready_for_the_rate_all_the_time(book: PriceBook) -> None:
    half, whole, slower = (items("web-7-c8g-large", book, *given) for given in ((1000, HALF), (1000,), (500,)))
    assert half["nodes"] == whole["nodes"]
    assert half["alb"] == whole["alb"]
    assert half["alb-capacity"] == slower["alb-capacity"] == whole["alb-capacity"] / 2


def test_a_fleet_that_follows_the_rate_is_sized_for_the_load(book: PriceBook) -> None:
    nodes = {
        name: items("eks-nodes", book, *given)["nodes"]
        for name, given in {"half": (5000, HALF), "all": (5000,)}.items()
    }
    assert nodes["half"] == nodes["all"]


def test_a_million_requests_are_those_that_came(book: PriceBook) -> None:
    bill = cheapest(files.configuration("lambda-url"), MIX, Fraction(1000), book, usage=Usage(duty=HALF))
    assert bill.requests == 500 * 3600 * 730


def test_a_line_goes_through_the_bills(book: PriceBook) -> None:
    configuration = files.configuration("ecs-fargate")
    line = line_of(configuration, MIX, book, Fraction(2000), usage=Usage(duty=HALF))
    for rate in (1, 333, 1999):
        assert (
            line.at(Fraction(rate)) == cheapest(configuration, MIX, Fraction(rate), book, usage=Usage(duty=HALF)).hour
        )


@pytest.mark.parametrize("duty", [Fraction(-1), Fraction(3, 2)])
def test_a_share_that_is_none_is_refused(book: PriceBook, duty: Fraction) -> None:
    with pytest.raises(CostError, match="from 0 to 1"):
        cheapest(files.configuration("lambda-url"), MIX, Fraction(1), book, usage=Usage(duty=duty))
