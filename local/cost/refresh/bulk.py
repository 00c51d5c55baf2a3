"""Reading one offer of the bulk price list as it streams by. Only what was asked for is kept, however long the list.

The documented form: `products` by SKU with their attributes, and after them `terms.OnDemand.SKU.TERM.priceDimensions`,
each with `beginRange`, `endRange` and `pricePerUnit.USD`, a price for one unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import ijson

from local.cost.errors import CostError
from local.cost.price_book import PriceTier

_REGION_PREFIX = re.compile(r"[A-Z]{2}[A-Z0-9]{0,4}-")
"""Before a usage type in all regions but the first, such as EU-, USW2- or APS1-; it never has small letters."""
_PUBLISHED = re.compile(rb'"publicationDate"\s*:\s*"(\d{4}-\d\d-\d\d)')
HEAD = 1 << 16


@dataclass(frozen=True)
class MatchedProducts:
    """A product of the list with its on-demand price for one unit."""

    sku: str
    attributes: Mapping[str, str]
    tiers: tuple[PriceTier, ...]


@dataclass
class Offer:
    """What was found in one offer: for each key that was asked for, every product that matched."""

    published: str = ""
    """The day of the list, as `2026-09-19`; empty where it does not say."""
    found: dict[str, list[MatchedProducts]] = field(default_factory=dict)


def read_offer(chunks: Iterable[bytes], wanted: Mapping[str, Mapping[str, str]]) -> Offer:
    """Read an offer.

    Args:
        chunks: The JSON of the offer, in pieces.
        wanted: For each key the attributes that a product must have, `productFamily` among them.

    Raises:
        CostError: It is not a price list.
    """
    products, terms = ijson.sendable_list(), ijson.sendable_list()
    parsers = (ijson.kvitems_coro(products, "products"), ijson.kvitems_coro(terms, "terms.OnDemand"))
    matched: dict[str, tuple[Mapping[str, str], list[str]]] = {}
    offer, head = Offer(found={key: [] for key in wanted}), b""
    try:
        for chunk in chunks:
            if len(head) < HEAD:
                head += chunk[: HEAD - len(head)]
            for parser in parsers:
                parser.send(chunk)
            _note_products(products, wanted, matched)
            _note_terms(terms, matched, offer)
        for parser in parsers:
            parser.close()
    except (ijson.JSONError, UnicodeDecodeError) as problem:
        raise CostError(f"the price list is not whole JSON: {str(problem).splitlines()[0]}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise CostError(f"the price list is not of the documented form: {problem}") from None
    if date := _PUBLISHED.search(head):
        offer.published = date[1].decode()
    return offer


def _note_products(
    products: list[tuple[str, dict[str, Any]]],
    wanted: Mapping[str, Mapping[str, str]],
    matched: dict[str, tuple[Mapping[str, str], list[str]]],
) -> None:
    for sku, product in products:
        attributes = {**product["attributes"], "productFamily": product.get("productFamily", "")}
        keys = [
            key for key, match in wanted.items() if all(_is(attributes, name, value) for name, value in match.items())
        ]
        if keys:
            matched[sku] = (attributes, keys)
    products.clear()


def _is(attributes: Mapping[str, str], name: str, value: str) -> bool:
    """Whether a product has an attribute; a usage type may have its region's prefix before it."""
    found = attributes.get(name)
    if name == "usagetype" and found is not None:
        return value in (found, _REGION_PREFIX.sub("", found, count=1))
    return found == value


def _note_terms(
    terms: list[tuple[str, dict[str, Any]]], matched: Mapping[str, tuple[Mapping[str, str], list[str]]], offer: Offer
) -> None:
    for sku, by_term in terms:
        if sku in matched:
            attributes, keys = matched[sku]
            for term in by_term.values():
                product = MatchedProducts(sku, attributes, _tiers(term["priceDimensions"]))
                for key in keys:
                    offer.found[key].append(product)
    terms.clear()


def _tiers(dimensions: Mapping[str, Mapping[str, Any]]) -> tuple[PriceTier, ...]:
    ranges = sorted(
        (Fraction(one.get("beginRange", "0")), one.get("endRange", "Inf"), Fraction(one["pricePerUnit"]["USD"]))
        for one in dimensions.values()
    )
    return tuple(PriceTier(None if end == "Inf" else Fraction(end), price) for _, end, price in ranges)
