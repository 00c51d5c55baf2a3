"""An audit file: a TOML document with what was claimed, and what it is claimed for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from local.cost import files
from local.cost.audit import Audit
from local.cost.checking import Stated, audit
from local.cost.claim_tables import claims_of, others_of, percent, period, printed
from local.cost.configuration import DEFAULT_REGION, Configuration, parse, to_internet, to_zones, weights
from local.cost.configuration import in_region as configured_in
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, exact, plain
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.workload import Mix

EXAMPLE = files.AUDITS / "example.toml"
LONGEST_MONTH = Fraction(744)
"""Hours of a month of 31 days; a configuration is priced for 730 at most."""
KEYS = {
    "name": "a name for people",
    "about": "what it is, in a sentence",
    "source": "where the bill was printed, and when",
    "configuration": "what it is a bill of: a shipped name, a file beside this one, or a table; may be left out",
    "workload": "a service, a file beside this one, or a table of services and weights; else the configuration's",
    "rate": "requests/s; needed with a configuration",
    "hours": "hours of the month that it is for",
    "region": "AWS region, in place of the configuration's",
    "per": "what amounts are for that do not say it: hour, day, month or million (requests)",
    "discount_percent": "what a contract (EDP, private pricing) takes off every list price",
    "total": "the total as printed, in the file's period",
    "claim": "the lines for usage",
    "other": "the lines for anything else: tax, credits (negative), refunds, support, fees; added, not checked",
}
"""The keys of an audit file, and what each one is."""


@dataclass(frozen=True)
class AuditFile:
    """An audit as its file says it.

    Attributes:
        configuration: What it is a bill of, if the file says so; its mix then is there too.
    """

    stated: Stated
    configuration: Configuration | None
    mix: Mix | None
    rate: Fraction


def audit_file(name: str) -> AuditFile:
    """Return an audit by path or by its shipped name. Files that it names are looked up beside it first.

    Raises:
        CostError: One line with file, line and key, for what is unknown, missing or out of range.
    """
    path = files.find(name, files.AUDITS, "an audit")
    document = files.toml(path)
    lines = path.read_text(errors="replace").splitlines()
    where = path.name
    for key in document:
        if key not in KEYS:
            raise CostError(f"{_at(where, lines, key)}{key}: is not known; known are {', '.join(KEYS)}")
    configured = "configuration" in document
    if configured and "rate" not in document:
        raise CostError(f"{where}: rate: is missing; a configuration is priced at a rate, in requests/s")
    if not configured and not document.get("claim"):
        raise CostError(f"{where}: has nothing to check; give it a configuration, [[claim]] tables, or both")

    def number(key: str, default: int) -> Fraction:
        return exact(printed(document.get(key, default), f"{_at(where, lines, key)}{key}")[0])

    configuration, mix = _configured(document, path) if configured else (None, None)
    region = document.get("region", configuration.heading.region if configuration else DEFAULT_REGION)
    if not isinstance(region, str):
        raise CostError(f"{_at(where, lines, 'region')}region: must be a name such as eu-west-1")
    if configuration:
        configuration = configured_in(configuration, region)
    hours = number("hours", int(HOURS_PER_MONTH))
    longest = HOURS_PER_MONTH if configured else LONGEST_MONTH
    if not 0 < hours <= longest:
        raise CostError(f"{_at(where, lines, 'hours')}hours: must be over 0 and at most {plain(longest)}")
    per = period(document.get("per", "hour"), f"{_at(where, lines, 'per')}per")
    starts = [number for number, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*claim\s*\]\]", line)]
    total = document.get("total")
    stated = Stated(
        str(document.get("name", path.stem)),
        claims_of(document.get("claim", []), where, starts, per),
        None if total is None else printed(total, f"{_at(where, lines, 'total')}total")[0],
        others_of(document.get("other", []), where, per),
        per,
        region,
        hours,
        percent(document.get("discount_percent", 0), f"{where}: discount_percent"),
    )
    return AuditFile(stated, configuration, mix, number("rate", 0))


def in_region(given: AuditFile, region: str | None) -> AuditFile:
    """Return the audit in another region; as it is where none is named."""
    if region is None:
        return given
    configuration = given.configuration and configured_in(given.configuration, region)
    return replace(given, stated=replace(given.stated, region=region), configuration=configuration)


def run(given: AuditFile, book: PriceBook, rate: Fraction | None = None, *, strict: bool = False) -> Audit:
    """Return the audit of a file, at its own rate unless another is given.

    Raises:
        CostError: The book lacks a price of the configuration, or a line cannot be checked and `strict` is set.
    """
    bill, internet, zones = None, Fraction(0), Fraction(0)
    if given.configuration and given.mix:
        at, usage = given.rate if rate is None else rate, Usage(given.stated.hours)
        bill = cheapest(given.configuration, given.mix, at, book, usage)
        internet = cheapest(to_internet(given.configuration), given.mix, at, book, usage).hour - bill.hour
        zones = cheapest(to_zones(given.configuration), given.mix, at, book, usage).hour - bill.hour
    elif rate is not None:
        raise CostError("--rate: the audit has no configuration, so that no rate matters")
    return replace(audit(given.stated, bill, book, strict=strict), internet=internet, zones=zones)


def _at(where: str, lines: list[str], key: str) -> str:
    """Return the file, with the line of a key above the tables where it is found."""
    for number, line in enumerate(lines, 1):
        if re.match(rf"\s*\[?\s*{re.escape(key)}\s*[=.\]]", line):
            return f"{where}: line {number}: "
    return f"{where}: "


def _configured(document: dict[str, object], path: Path) -> tuple[Configuration, Mix]:
    where, named = path.name, document["configuration"]
    if isinstance(named, str):
        configuration = files.configuration(_beside(path, named))
    elif isinstance(named, dict):
        configuration = parse(named, f"{where}: configuration")
    else:
        raise CostError(f"{where}: configuration: must be a name or a table")
    shares = dict(configuration.workload)
    if "workload" in document:
        shares = weights(document["workload"], f"{where}: workload")
    if not shares:
        known = ", ".join(files.shipped(files.WORKLOADS))
        raise CostError(f"{where}: workload: is missing, and the configuration names none; known are {known}")
    return configuration, files.mix({_beside(path, name): share for name, share in shares.items()})


def _beside(path: Path, name: str) -> str:
    beside = path.parent / name
    return str(beside) if beside.suffix == ".toml" and beside.is_file() else name
