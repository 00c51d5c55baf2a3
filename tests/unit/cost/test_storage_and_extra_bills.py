from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from local.cost.errors import CostError
from tests.unit.cost.conftest import Billed, configured

Hour = Callable[..., dict[str, Fraction]]
F = Fraction
MYSQL = '[database]\nengine = "rds-mysql"\ninstance = "db.r7g.xlarge"\n'

GP3 = 'engine = "rds-mysql"\ninstance = "db.m6g.large"\nstorage_gb = 399\n'


def test_rds_behind_its_proxy(hour: Hour) -> None:
    items = hour(MYSQL + "storage_gb = 100\nbackup_gb = 10\nproxy = true")
    assert items == {
        "database": F("0.478"),
        "database-storage": 100 * F("0.115") / 730,
        "database-backup": 10 * F("0.095") / 730,
        "proxy": 4 * F("0.015"),
    }


def test_the_proxy_bills_two_vcpus_at_least(hour: Hour) -> None:
    text = '[database]\nengine = "rds-mysql"\ninstance = "{}"\nproxy = true'
    assert hour(text.format("m7g.medium".replace("m7g", "db.m6g")))["proxy"] == 2 * F("0.015")
    assert hour(text.format("db.t4g.micro"))["proxy"] == 2 * F("0.015")


def test_multi_az_doubles_instance_and_volume(hour: Hour) -> None:
    items = hour(MYSQL + "multi_az = true\nstorage_gb = 50")
    assert items["database"] + items["database-standby"] == 2 * F("0.478")
    assert items["database-storage"] == 2 * 50 * F("0.115") / 730


def test_replicas_cost_an_instance_and_a_volume_each_and_no_proxy_vcpus(hour: Hour) -> None:
    items = hour(MYSQL + "replicas = 2\nstorage_gb = 50\nproxy = true")
    assert items["database-replicas"] == 2 * F("0.478")
    assert items["database-storage"] == 3 * 50 * F("0.115") / 730
    assert items["proxy"] == 4 * F("0.015")


def test_aurora_has_its_own_prices_and_bills_storage_requests(hour: Hour) -> None:
    text = '[database]\nengine = "aurora-mysql"\ninstance = "db.r7g.xlarge"\nstorage_gb = 10\nio_per_request = 2'
    items = hour(text, 100)
    assert items["database"] == F("0.553")
    assert items["database-storage"] == 10 * F("0.10") / 730
    assert items["database-io"] == 360_000 * 2 * F("0.0000002")


def test_a_database_serves_what_its_vcpus_can_query(bill: Billed) -> None:
    one = bill(MYSQL, 4668, queries=1, queries_per_vcpu=F("1458.5"))
    assert one.limit is not None
    assert one.limit.rate == F("4667.2")
    assert not one.serves
    assert "4 vCPU × 80 % busy" in str(one.limit.why)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('engine = "aurora-mysql"\ninstance = "db.r7g.xlarge"\nmulti_az = true', "Aurora has no multi_az"),
        ('engine = "rds-mysql"\ninstance = "db.r7g.xlarge"\nio_per_request = 1', "billed on Aurora alone"),
        ('engine = "rds-mysql"\ninstance = "big"', "'big' is no instance type"),
        (f"{GP3}iops = 4000", "gp3 under 400 GB has 3,000 IOPS and 125 MB/s, and no more"),
        (f"{GP3}throughput_mbps = 200", "use a larger volume, or io2"),
        (f'{GP3}volume = "io2"', "iops: io2 needs its provisioned IOPS"),
        (f'{GP3}volume = "io1"\niops = 100\nthroughput_mbps = 9', "only gp3 has a provisioned throughput"),
        ('engine = "aurora-mysql"\ninstance = "db.r7g.xlarge"\niops = 100', "Aurora has one kind of volume"),
        ('engine = "mysql"\ninstance = "db.r7g.xlarge"', "'mysql' is none of rds-mysql, rds-postgresql, aurora-mysql"),
    ],
)
def test_what_a_database_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(CostError, match=message):
        configured(f"[database]\n{text}")


def dynamodb(mode: str, consistency: str, more: str = "") -> str:
    return f'[dynamodb]\nmode = "{mode}"\nconsistency = "{consistency}"\n{more}'


def test_10000_strong_reads_on_demand_cost_450_cents_and_provisioned_eventual_ones_65(hour: Hour) -> None:
    given = {"reads": 1, "item_bytes": 4096}
    assert hour(dynamodb("on-demand", "strong"), 10_000, **given) == {"dynamodb-reads": F("4.5")}
    assert hour(dynamodb("provisioned", "eventual", "utilisation = 1"), 10_000, **given) == {
        "dynamodb-reads": F("0.65")
    }


def test_items_are_read_by_4_kb_and_written_by_1_kb(hour: Hour) -> None:
    items = hour(dynamodb("on-demand", "eventual", "storage_gb = 4"), 1000, reads=2, writes=1, item_bytes=4097)
    assert items["dynamodb-reads"] == 3_600_000 * 2 * F("0.000000125")
    assert items["dynamodb-writes"] == 3_600_000 * 5 * F("0.000000625")
    assert items["dynamodb-storage"] == 4 * F("0.25") / 730


def test_measured_blocks_take_the_place_of_the_item_s_size(hour: Hour) -> None:
    items = hour(dynamodb("on-demand", "eventual"), 1000, reads=1, read_blocks=F("1.04"))
    assert items["dynamodb-reads"] == 3_600_000 * F("0.52") * F("0.000000125")


def test_provisioned_capacity_is_whole_units(hour: Hour) -> None:
    items = hour(dynamodb("provisioned", "eventual"), 3, reads=1, writes=1, item_bytes=100)
    assert items["dynamodb-reads"] == 3 * F("0.00013")  # 3 × 0.5 / 0.7 = 2.14
    assert items["dynamodb-writes"] == 5 * F("0.00065")


@pytest.mark.parametrize(("term", "hourly", "upfront"), [("1yr", "0.000025", "0.3"), ("3yr", "0.000016", "0.36")])
def test_reserved_capacity_is_bought_in_hundreds_and_a_part_of_it_in_advance(
    hour: Hour, term: str, hourly: str, upfront: str
) -> None:
    items = hour(dynamodb(f"reserved-{term}", "eventual", "utilisation = 1"), 202, reads=1, item_bytes=4096)
    assert items["dynamodb-reads"] == 200 * F(hourly)  # 101 units
    assert items["dynamodb-reads-upfront"] == 200 * F(upfront) / (int(term[0]) * 12 * 730)


def test_a_cache_takes_its_share_of_the_reads_and_has_a_node_for_so_many_requests(hour: Hour) -> None:
    cache = '[cache]\nengine = "redis"\ninstance = "cache.m7g.large"\nnodes = 2\nrequests_per_node = 400\n'
    table = dynamodb("on-demand", "eventual")
    alone, cached = (
        hour(f"{text}", 1000, reads=1, item_bytes=4096) for text in (table, f"{table}\n{cache}hit_ratio = 0.75")
    )
    assert cached["dynamodb-reads"] == alone["dynamodb-reads"] / 4
    assert cached["cache"] == 3 * F("0.158")


def test_caches(hour: Hour) -> None:
    text = '[cache]\nengine = "{}"\ninstance = "{}"\nnodes = 2'
    assert hour(text.format("redis", "cache.m7g.large")) == {"cache": 2 * F("0.158")}
    assert hour(text.format("valkey", "cache.m7g.large")) == {"cache": 2 * F("0.158") * F("0.8")}
    assert hour(text.format("dax", "dax.r5.large")) == {"dax": 2 * F("0.255")}


def test_secrets_cost_by_the_month_and_by_the_call(hour: Hour) -> None:
    items = hour('[nodes]\ninstance = "c8g.large"\n[secrets]\ncount = 2\ncalls_per_hour = 730')
    assert items["secrets"] == 2 * F("0.40") / 730
    assert items["secret-calls"] == 730 * F("0.000005")
    cold = hour("[lambda]\nmemory_mb = 128\n[secrets]\ncalls_per_cold_start = 2", 100, cold_share=F("0.001"))
    assert cold["secret-calls-cold"] == 360 * 2 * F("0.000005")


def test_logs_are_billed_as_they_come_in_and_while_they_are_kept(hour: Hour) -> None:
    items = hour("[logs]\nbytes_per_request = 300\nkept_months = 3", 1000)
    gigabytes = F("1.08")
    assert items["logs-in"] == gigabytes * F("0.50")
    assert items["logs-stored"] == gigabytes * 3 * F("0.03")


def test_images_are_kept_in_the_registry(hour: Hour) -> None:
    assert hour("[registry]\ngb = 2") == {"registry": 2 * F("0.10") / 730}
