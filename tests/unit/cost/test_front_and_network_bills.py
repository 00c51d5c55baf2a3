from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from local.cost.errors import CostError
from tests.unit.cost.conftest import Billed, configured

Hour = Callable[..., dict[str, Fraction]]
F = Fraction
NODES = '[nodes]\ninstance = "c8g.large"\n'
FUNCTION = "[lambda]\nmemory_mb = 128\n"


def front(kind: str, more: str = "") -> str:
    return f'[ingress]\nkind = "{kind}"\n{more}\n'


def test_99000_requests_of_a_kilobyte_cost_about_285_cents_of_lcus_an_hour(hour: Hour) -> None:
    items = hour(NODES + front("alb"), 99_000, request_bytes=300, response_bytes=700, requests_per_connection=100)
    assert items["alb-capacity"] == F("356.4") * F("0.008")
    assert items["alb"] == F("0.0225")


@pytest.mark.parametrize(
    ("given", "units"),
    [
        ({"requests_per_connection": 10}, F(100, 25)),  # 1,000/s over 10 a connection are 100 new connections/s
        ({"requests_per_connection": 10, "connection_seconds": 300}, F(30_000, 3000)),
        ({"requests_per_connection": 1000, "response_bytes": 10_000}, F(36)),
    ],
)
def test_an_alb_is_billed_by_its_largest_dimension(hour: Hour, given: dict[str, int], units: Fraction) -> None:
    assert hour(NODES + front("alb"), 1000, **given)["alb-capacity"] == units * F("0.008")


def test_rules_beyond_the_first_ten_are_a_dimension_of_an_alb(hour: Hour) -> None:
    items = hour(NODES + front("alb", "rules = 30"), 5000, requests_per_connection=10**9)
    assert items["alb-capacity"] == 5 * 20 * F("0.008")


def test_lambda_targets_have_two_fifths_of_the_bytes(hour: Hour) -> None:
    given = {"requests_per_connection": 1000, "response_bytes": 10_000}
    assert hour(FUNCTION + front("alb"), 1000, **given)["alb-capacity"] == 90 * F("0.008")


def test_an_nlb_has_roomier_units_unless_it_ends_tls(hour: Hour) -> None:
    assert hour(NODES + front("nlb"), 1000)["nlb-capacity"] == F(1000, 800) * F("0.006")
    assert hour(NODES + front("nlb", "tls = true"), 1000)["nlb-capacity"] == F(1000, 50) * F("0.006")


def test_a_public_balancer_has_an_address_in_each_zone(hour: Hour) -> None:
    assert hour(NODES + front("alb", "zones = 3") + "[network]\npublic_ipv4 = 7")["ipv4"] == 10 * F("0.005")
    assert "ipv4" not in hour(NODES + front("nlb", "internal = true"))


def test_an_http_api_counts_every_512_kb_begun(hour: Hour) -> None:
    assert hour(FUNCTION + front("http-api"), 1, hours=100, response_bytes=1000)["http-api"] == 3600 * F("0.000001")
    assert hour(FUNCTION + front("http-api"), 1, hours=100, response_bytes=524_289)["http-api"] == 2 * 3600 * F(
        "0.000001"
    )


def test_api_gateway_is_billed_in_tiers(bill: Billed) -> None:
    month = 1000 * 3600 * 730
    amounts = {kind: bill(FUNCTION + front(kind), 1000).items[-1].month for kind in ("http-api", "rest-api")}
    assert amounts["http-api"] == 300 + F(month - 300_000_000, 10**6) * F("0.90")
    assert amounts["rest-api"] == 333 * F("3.5") + 667 * F("2.8") + F(month - 10**9, 10**6) * F("2.38")


def test_api_gateway_needs_a_quota_of_the_rate(bill: Billed) -> None:
    quotas = {quota.name: quota.value for quota in bill(FUNCTION + front("http-api"), 20_000).quotas}
    assert quotas["API Gateway requests/s"] == 20_000


def test_a_function_url_is_free(hour: Hour) -> None:
    assert hour(FUNCTION + front("function-url"), 1000)["function-url"] == 0


def test_nat_gateways_cost_by_the_hour_and_by_the_gigabyte(hour: Hour) -> None:
    items = hour(NODES + "[network]\nnat_gateways = 2\nnat_bytes = 1000", 1000)
    assert items["nat"] == 2 * F("0.045")
    assert items["nat-data"] == F("3.6") * F("0.045")


def test_the_first_100_gb_out_are_free_each_month(hour: Hour) -> None:
    items = hour(NODES + "[network]\ninternet = true", 1000, hours=100, response_bytes=1000)
    assert items["internet-out"] == (360 - 100) * F("0.09") / 100
    assert hour(NODES + "[network]\ninternet = true", 1, hours=100, response_bytes=1000)["internet-out"] == 0


def test_traffic_between_zones_is_billed_each_way(hour: Hour) -> None:
    items = hour(NODES + "[network]\ncross_zone_share = 0.5", 1000, request_bytes=500, response_bytes=1500)
    assert items["cross-zone"] == F("3.6") * 2 * F("0.01")


def test_an_nlb_before_lambda_and_a_function_url_before_nodes_are_refused() -> None:
    with pytest.raises(CostError, match="an NLB cannot have Lambda functions"):
        configured(FUNCTION + front("nlb"))
    with pytest.raises(CostError, match="only Lambda has a Function URL"):
        configured(NODES + front("function-url"))
