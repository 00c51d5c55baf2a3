"""What holds for every bill and every pair of cost lines, whatever the configuration."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from local.cost import files
from local.cost.bill import Bill
from local.cost.configuration import Configuration, parse
from local.cost.crossings import crossings
from local.cost.exact import exact
from local.cost.lines import Line, line_of
from local.cost.model import Usage, cheapest, open_bill
from local.cost.workload import Mix, ServiceWork

F = Fraction
BOOK = files.price_book()
TOP = F(100)

INSTANCES = ["c8g.large", "c8g.xlarge", "m8g.large", "c7i.large", "c8g.4xlarge"]
MEMORIES = [128, 256, 512, 1024, 1769, 3008]
SIZES = [F(1, 4), F(1, 2), F(1), F(2), F(8)]
counts = st.just("fit") | st.integers(1, 40)


def one_or_some(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


functions = st.fixed_dictionaries(
    {"memory_mb": one_or_some(MEMORIES)},
    optional={
        "architecture": one_or_some(["arm64", "x86_64"]),
        "free_tier": st.booleans(),
        "provisioned": st.just("fit") | st.integers(0, 50),
        "quota": st.sampled_from([0, 10, 1000]),
    },
).map(lambda table: ("lambda", table))
snapped = st.fixed_dictionaries({"memory_mb": st.sampled_from(MEMORIES), "snapstart": st.just(True)}).map(
    lambda table: ("lambda", table)
)
managed = st.fixed_dictionaries({"instance": one_or_some(INSTANCES), "count": counts}).map(
    lambda table: ("managed_instances", table)
)
ecs = st.fixed_dictionaries(
    {"orchestrator": st.just("ecs"), "vcpu": one_or_some(SIZES), "count": counts},
    optional={"architecture": one_or_some(["arm64", "x86_64"]), "spare": st.integers(0, 2)},
).map(lambda table: ("fargate", table))
eks = st.fixed_dictionaries({"orchestrator": st.just("eks"), "vcpu": one_or_some(SIZES), "count": counts}).map(
    lambda table: ("fargate", table)
)
nodes = st.fixed_dictionaries(
    {"instance": one_or_some(INSTANCES), "count": counts},
    optional={"disk_gb": st.integers(0, 100), "spare": st.integers(0, 2), "control_plane": st.just("self-managed")},
).map(lambda table: ("nodes", table))
computing = functions | snapped | managed | ecs | eks | nodes

others = st.fixed_dictionaries(
    {},
    optional={
        "network": st.fixed_dictionaries(
            {},
            optional={
                "nat_gateways": st.integers(0, 3), "nat_bytes": st.integers(0, 2000), "internet": st.booleans(),
                "cross_zone_share": st.sampled_from([F(0), F(1, 2)]), "public_ipv4": st.integers(0, 9),
            },
        ),
        "database": st.fixed_dictionaries(
            {"engine": st.just("rds-mysql"), "instance": st.sampled_from(["db.t4g.micro", "db.r7g.xlarge"])},
            optional={"multi_az": st.booleans(), "replicas": st.integers(0, 2), "proxy": st.booleans()},
        ),
        "dynamodb": st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["on-demand", "provisioned"]),
                "consistency": st.sampled_from(["eventual", "strong"]),
            }
        ),
        "cache": st.just({"engine": "valkey", "instance": "cache.m7g.large"}),
        "secrets": st.just({"count": 2}),
        "logs": st.just({"bytes_per_request": 300}),
    },
)  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    name, table = draw(computing)
    kinds = ["alb", "http-api", "rest-api"] + (["function-url"] if name in ("lambda", "managed_instances") else ["nlb"])
    document = {"name": "drawn", name: table, **draw(others)}
    if draw(st.booleans()):
        document["ingress"] = {"kind": draw(one_or_some(kinds)), "rules": draw(st.integers(0, 30))}
    if table.get("provisioned"):
        table.pop("free_tier", None)
    return parse(_as_read(document), "drawn.toml")


def _as_read(value: Any) -> Any:
    """As a TOML file gives it: decimals, not fractions."""
    if isinstance(value, dict):
        return {key: _as_read(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_read(one) for one in value]
    return Decimal(value.numerator) / value.denominator if isinstance(value, F) else value


works = st.builds(
    lambda per_vcpu, wait, init, size, reads: ServiceWork(
        name="drawn", source="drawn",
        cpu_ms=F(1000, per_vcpu), wait_ms=F(wait), init_ms=F(init), cold_share=F(1, 1000),
        request_bytes=F(size), response_bytes=F(3 * size), requests_per_connection=F(10), connection_seconds=F(20),
        queries=F(reads), queries_per_vcpu=F(1500), reads=F(reads), item_bytes=F(size),
    ),
    st.integers(20, 900), st.integers(0, 80), st.integers(0, 900), st.integers(1, 4000), st.integers(0, 1),
)  # fmt: skip
mixes = st.lists(st.tuples(works, st.integers(1, 9).map(F)), min_size=1, max_size=2).map(Mix.of)
rates = st.integers(0, 10**7).map(lambda number: F(number, 1000))
FEW = settings(max_examples=12, deadline=None)


def first_bill(configuration: Configuration, mix: Mix, rate: Fraction, hours: int = 730) -> Bill:
    return open_bill(configuration, configuration.choices[0], mix, BOOK, Usage(exact(hours))).at(rate)


@FEW
@given(configurations(), mixes, rates, rates)
def test_a_bill_never_falls_when_the_rate_rises(
    configuration: Configuration, mix: Mix, one: Fraction, other: Fraction
) -> None:
    low, high = sorted((one, other))
    assert first_bill(configuration, mix, low).month <= first_bill(configuration, mix, high).month


@FEW
@given(configurations(), mixes, rates)
def test_items_sum_to_the_total_and_are_never_negative(configuration: Configuration, mix: Mix, rate: Fraction) -> None:
    bill = first_bill(configuration, mix, rate)
    amounts = [item.month for item in bill.items]
    assert min(amounts, default=F(0)) >= 0
    assert sum(amounts, F(0)) == bill.month == bill.hour * bill.hours
    assert len({item.name for item in bill.items}) == len(bill.items)
    million = bill.per_million(bill.month)
    if rate:
        assert million is not None
        assert million * rate * 3600 * 730 / 10**6 == bill.month


@FEW
@given(configurations(), mixes, rates, st.integers(1, 365))
def test_doubling_the_hours_doubles_what_is_billed_by_the_hour(
    configuration: Configuration, mix: Mix, rate: Fraction, hours: int
) -> None:
    once, twice = (first_bill(configuration, mix, rate, hours * times) for times in (1, 2))
    by_the_hour = 0
    for one, two in zip(once.items, twice.items, strict=True):
        if any(factor.name in ("hours", "months") for factor in one.factors):
            assert two.month == 2 * one.month, one.name
            by_the_hour += 1
    assert by_the_hour or configuration.choices[0].on_lambda


@FEW
@given(configurations(), mixes, st.integers(1, 100_000).map(lambda number: F(number, 1000)))
def test_the_line_of_a_configuration_is_the_bill_of_its_cheapest_choice(
    configuration: Configuration, mix: Mix, rate: Fraction
) -> None:
    line = line_of(configuration, mix, BOOK, TOP)
    bill = cheapest(configuration, mix, rate, BOOK)
    if bill.serves:
        assert line.at(rate) == bill.hour
    else:
        assert line.at(rate) is None


@FEW
@given(configurations(), mixes)
def test_the_pieces_of_a_line_leave_no_gap(configuration: Configuration, mix: Mix) -> None:
    line = line_of(configuration, mix, BOOK, TOP)
    edge = F(0)
    for piece in line.pieces:
        assert piece.start == edge < piece.until
        assert piece.slope >= 0
        edge = piece.until
    assert line.end == edge <= TOP


@FEW
@given(configurations(), configurations(), mixes)
def test_a_crossing_is_a_crossing_on_both_sides_and_none_is_missed(
    one: Configuration, other: Configuration, mix: Mix
) -> None:
    first, second = line_of(one, mix, BOOK, TOP), line_of(other, mix, BOOK, TOP)
    first, second = Line("first", first.pieces), Line("second", second.pieces)
    assume(first.pieces and second.pieces)
    end = min(first.end, second.end)
    found = crossings(first, second)
    assert [one.rate for one in found] == sorted({one.rate for one in found})
    edges = sorted({F(0), end, *(piece.until for piece in (*first.pieces, *second.pieces) if piece.until < end)})
    edges = sorted({*edges, *(one.rate for one in found)})
    below = [one.rate for one in found]
    cheaper = None
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        a, b = first.at(middle), second.at(middle)
        assert a is not None
        assert b is not None
        if a == b:
            continue
        now = "first" if a < b else "second"
        if cheaper is not None and now != cheaper:
            crossing = found[0]
            assert (crossing.below, crossing.above) == (cheaper, now)
            assert crossing.rate <= low
            found = found[1:]
        cheaper = now
    assert found == [], below
