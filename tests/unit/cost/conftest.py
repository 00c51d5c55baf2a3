from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.bill import Bill
from local.cost.configuration import Configuration, parse
from local.cost.exact import exact
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.workload import Mix, ServiceWork

Billed = Callable[..., Bill]


def configured(text: str) -> Configuration:
    return parse(tomllib.loads('name = "a test"\n' + text, parse_float=Decimal), "test.toml")


def some_work(**given: object) -> ServiceWork:
    exactly = {key: Fraction(value) if type(value) is int else value for key, value in given.items()}
    return ServiceWork(**{"name": "some", "source": "a test", "cpu_ms": Fraction(1), **exactly})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return files.price_book()


@pytest.fixture
def bill(book: PriceBook) -> Billed:
    def billed(
        text: str, rate: int | str = 0, hours: int = 730, works: list[ServiceWork] | None = None, **given: object
    ) -> Bill:
        weights = [(work, Fraction(1)) for work in works or [some_work(**given)]]
        return cheapest(configured(text), Mix.of(weights), exact(rate), book, Usage(Fraction(hours)))

    return billed


@pytest.fixture
def hour(bill: Billed) -> Callable[..., dict[str, Fraction]]:
    """The items of a bill, in dollars an hour."""

    def items(*args: object, **given: object) -> dict[str, Fraction]:
        one = bill(*args, **given)
        return {item.name: item.month / one.hours for item in one.items}

    return items
