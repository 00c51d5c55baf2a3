"""What the storage tiers cost: by hand where that is simple, and the kept result."""

from __future__ import annotations

from fractions import Fraction
from io import StringIO

import pytest
from rich.console import Console

from local.cost import files
from local.measure import results
from local.measure.experiments import tables
from local.measure.experiments.result import StorageResult, decode
from local.measure.experiments.storage_cost import RATES, Reads, cost_of_tiers, tiers_of

READS = Reads(item_bytes=966, read_blocks=1.04, database_us=100, hit_ratio=0.5)


@pytest.fixture(scope="module")
def dollars():
    tiers = {tier.name: tier for tier in tiers_of(READS, files.price_book())}
    return lambda name, rate: tiers[name].dollars(Fraction(rate))


def test_on_demand_reads_cost_their_half_units(dollars):
    storage = Fraction("0.25") / 730
    assert dollars("DynamoDB, on demand", 1000) - storage == 3_600_000 * Fraction("0.52") * Fraction("0.000000125")
    assert dollars("DynamoDB, on demand, strong", 1000) - storage == 3_600_000 * Fraction("0.00000013")


def test_a_cache_takes_its_share_of_the_reads(dollars):
    nodes = 2 * Fraction("0.158") * Fraction("0.8")
    capacity = -(-1000 * Fraction("0.26") // Fraction("0.7"))
    storage = Fraction("0.25") / 730
    assert dollars("DynamoDB, provisioned + ElastiCache", 1000) == nodes + capacity * Fraction("0.00013") + storage


def test_a_database_is_as_large_as_the_rate_needs_and_ends_somewhere(dollars):
    assert dollars("RDS MySQL", 10) < dollars("RDS MySQL", 100_000)
    assert dollars("RDS MySQL", 100_000_000) is None


def test_each_rate_has_a_cheapest_tier_and_each_claim_of_the_report_a_price():
    costs = cost_of_tiers(READS)
    assert costs["rates"] == list(RATES)
    assert costs["cheapest"][0].rate == 1.0
    assert [claim.reported for claim in costs["reported"]] == [0.56, 4.5]
    assert all(0 < claim.priced < claim.reported for claim in costs["reported"])


def test_the_kept_result_has_no_wrong_answer_and_is_drawn():
    result = decode(results.read(results.REFERENCE_RESULTS / "storage.json", "storage"), StorageResult)
    assert not sum(row.wrong for row in result.figures)
    assert {row.cache for row in result.figures} == {"bare", "local cache", "Redis"}
    output = StringIO()
    for part in tables.storage(result):
        Console(file=output, width=200).print(part)
    assert "the cheapest of that kind costs" in output.getvalue()
