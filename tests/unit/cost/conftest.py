from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.book import Book
from local.cost.configuration import Configuration, parse
from local.cost.exact import exact
from local.cost.items import Bill
from local.cost.model import cheapest
from local.cost.work import Mix, Work

Billed = Callable[..., Bill]


def configured(text: str) -> Configuration:
    return parse(tomllib.loads('name = "a test"\n' + text, parse_float=Decimal), "test.toml")


def some_work(**given: object) -> Work:
    exactly = {
        key: Fraction(value) if type(value) is int and key != "memory_mb" else value for key, value in given.items()
    }
    return Work(**{"name": "some", "source": "a test", "requests_per_vcpu": Fraction(1000), **exactly})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def book() -> Book:
    return files.price_book()


@pytest.fixture
def bill(book: Book) -> Billed:
    def billed(
        text: str, rate: int | str = 0, hours: int = 730, works: list[Work] | None = None, **given: object
    ) -> Bill:
        weights = [(work, Fraction(1)) for work in works or [some_work(**given)]]
        return cheapest(configured(text), Mix.of(weights), exact(rate), book, Fraction(hours))

    return billed


@pytest.fixture
def hour(bill: Billed) -> Callable[..., dict[str, Fraction]]:
    """The items of a bill, in dollars an hour."""

    def items(*args: object, **given: object) -> dict[str, Fraction]:
        one = bill(*args, **given)
        return {item.name: item.cost.value / one.hours for item in one.items}

    return items
