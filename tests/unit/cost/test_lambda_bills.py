"""Every expected amount is worked out by hand from the price list: requests 0.20 per million, arm64 0.0000133334 and
x86_64 0.0000166667 dollars a GB-second."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from local.cost.errors import CostError
from tests.unit.cost.conftest import Billed, configured, some_work

Hour = Callable[..., dict[str, Fraction]]
F = Fraction


def test_requests_cost_their_fee_at_the_live_rates_of_the_report(hour: Hour) -> None:
    for rate, dollars in ((5119, "3.68568"), (46906, "33.77232"), (99059, "71.32248")):
        assert hour("[lambda]\nmemory_mb = 128", rate)["lambda-requests"] == F(dollars)


def test_duration_and_its_rounding_to_milliseconds_are_two_items(hour: Hour) -> None:
    items = hour('[lambda]\nmemory_mb = 1024\narchitecture = "x86_64"', 10, lambda_ms={"1024": F("2.25")}, hours=1)
    requests = 10 * 3600
    assert items["lambda-duration"] == requests * F("0.00225") * F("0.0000166667")
    assert items["lambda-rounding"] == requests * F("0.00075") * F("0.0000166667")


def test_a_handler_has_the_vcpu_share_of_its_memory_and_never_more_than_one() -> None:
    work = some_work(cpu_ms=2, wait_ms=3)
    assert work.duration_ms(1769, F(1)) == 2 + 3
    assert work.duration_ms(10_240, F(1)) == 2 + 3
    assert work.duration_ms(128, F(1)) == F(2 * 1769, 128) + 3
    assert work.duration_ms(1769, F(2)) == 1 + 3


def test_measured_billed_durations_take_the_place_of_rounding_up(hour: Hour) -> None:
    items = hour(
        "[lambda]\nmemory_mb = 1024", 10, hours=1, lambda_ms={"1024": F("2.25")}, lambda_billed_ms={"1024": F("2.75")}
    )
    assert items["lambda-rounding"] == 36_000 * F("0.0005") * F("0.0000133334")


def test_init_is_billed_for_the_share_of_cold_starts(hour: Hour) -> None:
    items = hour("[lambda]\nmemory_mb = 2048", 100, hours=1, init_ms=F("199.5"), cold_share=F("0.01"))
    assert items["lambda-init"] == 360_000 * F("0.01") * F("0.2") * 2 * F("0.0000133334")


def test_tiers_are_shared_by_duration_rounding_and_init(bill: Billed) -> None:
    """1,769 MB for a whole second at 5,000/s is more than the first arm64 tier of 7.5 billion GB-s a month."""
    one = bill("[lambda]\nmemory_mb = 1769", 5000, lambda_ms={"1769": F("999.5")})
    seconds = F(5000 * 3600 * 730)
    ran, rounded_up = (seconds * ms / 1000 * 1769 / 1024 for ms in (F("999.5"), F("0.5")))
    amounts = {item.name: item.month for item in one.items}
    first, second, third = F("0.0000133334"), F("0.0000120001"), F("0.0000106667")
    low, high = F(7_500_000_000), F(11_250_000_000)
    assert amounts["lambda-duration"] == low * first + high * second + (ran - low - high) * third
    assert amounts["lambda-rounding"] == rounded_up * third


def test_the_free_tier_takes_off_a_million_requests_and_400000_gb_seconds_a_month(hour: Hour) -> None:
    text = "[lambda]\nmemory_mb = 1024\nfree_tier = true"
    items = hour(text, 1, lambda_ms={"1024": F(1000)})
    seconds = 3600 * 730
    assert items["lambda-requests"] * 730 == (seconds - 1_000_000) * F("0.0000002")
    assert items["lambda-duration"] * 730 == (seconds - 400_000) * F("0.0000133334")
    small = hour(text, "0.1", lambda_ms={"1024": F(1)})
    assert (small["lambda-requests"], small["lambda-duration"]) == (0, 0)


def test_provisioned_environments_cost_while_idle_and_their_overflow_goes_to_on_demand(hour: Hour) -> None:
    items = hour("[lambda]\nmemory_mb = 1024\nprovisioned = 10", 150, hours=1, lambda_ms={"1024": F(50)})
    assert items["provisioned-idle"] == 10 * 3600 * F("0.0000033334")
    assert items["provisioned-duration"] == 100 * 3600 * F("0.05") * F("0.0000077778")
    assert items["lambda-duration"] == 50 * 3600 * F("0.05") * F("0.0000133334")


def test_provisioned_concurrency_that_follows_the_rate_keeps_a_tenth_of_it_over_the_utilisation(hour: Hour) -> None:
    text = '[lambda]\nmemory_mb = 1024\narchitecture = "x86_64"\nprovisioned = "fit"\nutilisation = 0.7'
    items = hour(text, 1000, hours=1, lambda_ms={"1024": F(1)})
    assert items["provisioned-idle"] == 143 * 3600 * F("0.0000041667")
    assert "lambda-duration" not in items


def test_snapstart_bills_the_cached_snapshot_for_three_hours_at_least_and_each_restore(hour: Hour) -> None:
    text = "[lambda]\nmemory_mb = 2048\nsnapstart = true\nversions = 2"
    items = hour(text, 10, hours=1, cold_share=F("0.1"), init_ms=500)
    assert items["snapstart-cache"] == 2 * 2 * 3 * 3600 * F("0.0000015046")
    assert items["snapstart-restore"] == 3600 * 2 * F("0.0001397998")
    assert "lambda-init" not in items
    assert hour(text, 10, hours=10)["snapstart-cache"] == 2 * 2 * 3600 * F("0.0000015046")


def test_managed_instances_cost_ec2_a_fee_of_15_percent_and_requests(hour: Hour) -> None:
    items = hour('[managed_instances]\ninstance = "c8g.large"', 2000, cpu_ms=1)
    assert items["managed-instances"] == 3 * F("0.07976")  # 2,000 / (2 × 1,000 × 0.6), rounded up, and a spare
    assert items["managed-fee"] == 3 * F("0.07976") * F("0.15")
    assert items["managed-requests"] == 2000 * 3600 * F("0.0000002")


@pytest.mark.parametrize(("rate", "ms", "needed"), [(99_000, 1, 9_900), (1_000, 250, 250), (1, 1, 1), (0, 1, 0)])
def test_the_quota_needed_is_a_tenth_of_the_rate_or_rate_times_duration(
    bill: Billed, rate: int, ms: int, needed: int
) -> None:
    (quota,) = bill("[lambda]\nmemory_mb = 128", rate, lambda_ms={"128": F(ms)}).quotas
    assert quota.value == needed
    assert "1,000 by default" in str(quota.how)


def test_a_given_quota_and_too_little_memory_limit_the_rate(bill: Billed) -> None:
    limited = bill("[lambda]\nmemory_mb = 128\nquota = 1000", 10_001, lambda_ms={"128": F(1)})
    assert (limited.serves, limited.limit.rate) == (False, 10_000)  # type: ignore[union-attr]
    assert not bill("[lambda]\nmemory_mb = 128", 1, memory_mb=256).serves


def test_a_mix_costs_the_mean_of_its_services(hour: Hour) -> None:
    works = [some_work(name="a", lambda_ms={"1024": F(1)}), some_work(name="b", lambda_ms={"1024": F(3)})]
    assert hour("[lambda]\nmemory_mb = 1024", 10, hours=1, works=works)["lambda-duration"] == 36_000 * F("0.002") * F(
        "0.0000133334"
    )


def test_snapstart_with_provisioned_concurrency_is_refused() -> None:
    with pytest.raises(CostError, match=r"test\.toml: lambda: snapstart and provisioned"):
        configured("[lambda]\nmemory_mb = 128\nsnapstart = true\nprovisioned = 1")


def test_an_estimate_is_slower_on_lambda_s_processor_and_a_measured_duration_is_taken_as_it_is(hour: Hour) -> None:
    text = '[lambda]\nmemory_mb = 1769\narchitecture = "x86_64"\nsystem_log_bytes = 0'
    estimated = hour(text, 10, cpu_ms=F("5.3"))
    measured = hour(text, 10, cpu_ms=F("5.3"), lambda_ms={"1769": F(10)})
    assert estimated == measured


@pytest.mark.parametrize(("architecture", "speed"), [("arm64", "0.63"), ("x86_64", "0.53")])
def test_an_emulated_duration_is_scaled_to_lambda_s_processor_and_a_real_one_is_not(
    hour: Hour, architecture: str, speed: str
) -> None:
    """10 ms on the emulator, 4 of them waiting: 6 ms are divided by the speed of Lambda's processor."""
    text = f'[lambda]\nmemory_mb = 1024\narchitecture = "{architecture}"'
    given = {"wait_ms": 4, "lambda_ms": {"1024": F(10)}}
    real = hour(text, 1, hours=1, **given)
    emulated = hour(text, 1, hours=1, lambda_emulated={"1024": F(1)}, **given)
    assert emulated["lambda-duration"] == real["lambda-duration"] * (4 + 6 / F(speed)) / 10


def test_init_of_an_emulated_function_is_scaled_too(hour: Hour) -> None:
    given = {"init_ms": 63, "cold_share": 1, "lambda_ms": {"1024": F(10)}}
    real = hour("[lambda]\nmemory_mb = 1024", 1, hours=1, **given)
    emulated = hour("[lambda]\nmemory_mb = 1024", 1, hours=1, lambda_emulated={"1024": F(1)}, **given)
    assert emulated["lambda-init"] == real["lambda-init"] * 100 / 63
