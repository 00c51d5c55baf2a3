from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from local.cost.errors import CostError
from local.cost.resources.fargate import provisioned
from local.cost.resources.nodes import system_reserve
from tests.unit.cost.conftest import Billed, configured, some_work

Hour = Callable[..., dict[str, Fraction]]
F = Fraction
NODES = '[nodes]\ninstance = "c8g.large"'


def test_two_arm_tasks_of_a_quarter_vcpu_and_the_base_of_an_alb_cost_about_4_cents(hour: Hour) -> None:
    tasks = '[fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 0.25\nmemory_gb = 0.5\ncount = 2\n'
    text = tasks + '[ingress]\nkind = "alb"\ninternal = true'
    assert sum(hour(text).values()) == F("0.04225")


def test_x86_tasks_have_prices_of_their_own(hour: Hour) -> None:
    items = hour('[fargate]\norchestrator = "ecs"\nvcpu = 8\nmemory_gb = 16\ncount = 3')
    assert (items["fargate-vcpu"], items["fargate-memory"]) == (24 * F("0.04048"), 48 * F("0.004445"))


def test_a_fleet_has_what_the_utilisation_target_needs_and_a_spare(bill: Billed) -> None:
    text = '[fargate]\norchestrator = "ecs"\nvcpu = 1\nutilisation = 0.5'
    for rate, tasks in ((0, 2), (300, 2), (301, 3), (3000, 11)):
        item = bill(text, rate, cpu_ms=1).items[0]
        assert item.factors[0].value == tasks, rate


def test_a_fixed_fleet_serves_what_it_serves_without_its_spare(bill: Billed) -> None:
    one = bill('[fargate]\norchestrator = "ecs"\nvcpu = 2\ncount = 4\nutilisation = 0.5', 3001, cpu_ms=1)
    assert one.limit is not None
    assert (one.limit.rate, one.serves) == (1800, False)
    assert str(one.limit.why) == "3 of 4 tasks × 1.2 vCPU × 50 % busy / 1 ms of CPU a request"


def test_each_service_has_tasks_of_its_own(bill: Billed) -> None:
    works = [some_work(name="small"), some_work(name="large", memory_mb=3000), some_work(name="third")]
    one = bill('[fargate]\norchestrator = "ecs"\nvcpu = 1', 90, works=works)
    vcpu, memory = (item.factors[0].value for item in one.items)
    assert vcpu == 6
    assert memory == 2 * 2 + 2 * 3 + 2 * 2


def test_eks_on_fargate_runs_pods_of_its_own_and_no_pod_has_a_public_address(hour: Hour) -> None:
    items = hour('[fargate]\norchestrator = "eks"\nvcpu = 1\ncount = 1\nsystem_pods = 4')
    assert items["system-vcpu"] == 4 * F("0.25") * F("0.04048")
    assert items["system-memory"] == 4 * F("0.5") * F("0.004445")
    with pytest.raises(CostError, match="private subnets only"):
        configured('[fargate]\norchestrator = "eks"\nvcpu = 1\npublic_addresses = true')


def test_tasks_and_nodes_can_have_public_addresses(hour: Hour) -> None:
    tasks = hour('[fargate]\norchestrator = "ecs"\nvcpu = 1\ncount = 3\npublic_addresses = true')
    nodes = hour('[nodes]\ninstance = "c8g.large"\ncount = 4\npublic_addresses = true')
    assert (tasks["fleet-addresses"], nodes["fleet-addresses"]) == (3 * F("0.005"), 4 * F("0.005"))


def test_an_older_processor_serves_less(bill: Billed) -> None:
    for instance, rate in (("c8g.large", 1068), ("c7g.large", F("854.4")), ("c6g.large", F("672.84"))):
        one = bill(f'[nodes]\ninstance = "{instance}"\ncount = 2', 1, cpu_ms=1)
        assert one.limit is not None
        assert one.limit.rate == rate


def test_a_pod_on_eks_has_256_mb_more_and_goes_up_to_the_next_valid_size(hour: Hour) -> None:
    items = hour('[fargate]\norchestrator = "eks"\nvcpu = 1\nmemory_gb = 8\ncount = 1')
    assert items["fargate-vcpu"] == 2 * F("0.04048")
    assert items["fargate-memory"] == 9 * F("0.004445")
    assert items["cluster"] == F("0.10")
    small = hour('[fargate]\norchestrator = "eks"\nvcpu = 0.25\ncount = 1\nextended_support = true', memory_mb=256)
    assert small["fargate-memory"] == F("0.5") * F("0.004445")
    assert small["cluster"] == F("0.60")


def test_memory_is_the_smallest_that_holds_a_process_for_each_vcpu(hour: Hour) -> None:
    items = hour('[fargate]\norchestrator = "ecs"\nvcpu = 2\ncount = 1', memory_mb=3000)
    assert items["fargate-memory"] == 6 * F("0.004445")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (("0.25", "0.6"), ("0.25", 1)),
        (("0.25", 3), ("0.5", 3)),
        ((4, 30), (4, 30)),
        ((8, 17), (8, 20)),
        ((8, 61), (16, 64)),
    ],
)
def test_fargate_comes_in_valid_sizes(asked: tuple[str, str], given: tuple[str, str]) -> None:
    assert provisioned(F(asked[0]), F(asked[1])) == (F(given[0]), F(given[1]))


def test_a_pod_that_no_size_holds_is_refused() -> None:
    with pytest.raises(CostError, match="no size for 16 vCPU and 121 GB"):
        provisioned(F(16), F(121))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('orchestrator = "eks"\narchitecture = "arm64"\nvcpu = 1', "under EKS has no ARM"),
        ('orchestrator = "ecs"\nvcpu = 3', "vcpu 3 is none of 0.25, 0.5, 1, 2, 4, 8, 16"),
        ('orchestrator = "ecs"\nvcpu = 1\nmemory_gb = 9', "does not go with 1 vCPU; valid are 2 to 8 in steps of 1"),
        ('orchestrator = "ecs"\nvcpu = 0.25\nmemory_gb = 4', "valid are 0.5, 1, 2"),
    ],
)
def test_what_fargate_does_not_have_is_refused(text: str, message: str) -> None:
    with pytest.raises(CostError, match=message):
        configured(f"[fargate]\n{text}")


def test_too_little_memory_does_not_serve(bill: Billed) -> None:
    assert not bill('[fargate]\norchestrator = "ecs"\nvcpu = 0.25\nmemory_gb = 0.5', 1, memory_mb=600).serves
    assert not bill('[nodes]\ninstance = "c8g.large"', 1, memory_mb=2000).serves


def test_the_report_s_web_tier_costs_66_cents_an_hour(hour: Hour) -> None:
    items = hour('[nodes]\ninstance = "c8g.large"\ncount = 7\ndisk_gb = 0')
    assert items == {"cluster": F("0.10"), "nodes": 7 * F("0.07976")}
    assert sum(items.values()) == F("0.65832")


def test_nodes_have_disks_and_may_have_a_control_plane_of_one_s_own(hour: Hour) -> None:
    items = hour('[nodes]\ninstance = "m8g.xlarge"\ncount = 3\ncontrol_plane = "self-managed"')
    assert items == {
        "control-plane": 3 * F("0.0416"), "control-plane-disks": 3 * (64 + 40) * F("0.08") / 730,
        "nodes": 3 * F("0.17952"), "node-disks": 3 * 20 * F("0.08") / 730,
    }  # fmt: skip
    assert hour('[nodes]\ninstance = "m8g.xlarge"\ncount = 3\nextended_support = true')["cluster"] == F("0.60")


@pytest.mark.parametrize(("cores", "reserve"), [(1, "0.06"), (2, "0.07"), (4, "0.08"), (8, "0.09"), (16, "0.11")])
def test_a_node_keeps_back_what_eks_reserves(cores: int, reserve: str) -> None:
    assert system_reserve(F(cores)) == F(reserve)


def test_nodes_are_counted_by_what_is_left_for_pods(bill: Billed) -> None:
    """2 − 0.07 − 0.15 = 1.78 vCPU, 60 % of it busy: 1,068 requests/s a node."""
    for rate, nodes in ((1068, 2), (1069, 3)):
        one = bill('[nodes]\ninstance = "c8g.large"', rate, cpu_ms=1)
        assert next(item for item in one.items if item.name == "nodes").factors[0].value == nodes


def test_a_slower_vcpu_needs_more_tasks(bill: Billed) -> None:
    one = bill('[fargate]\norchestrator = "ecs"\nvcpu = 1\nutilisation = 1\nspeed = 0.5', 1000, cpu_ms=1)
    assert one.items[0].factors[0].value == 5


@pytest.mark.parametrize("factor", ["1", "1.25"])
def test_services_that_share_nodes_take_the_cpu_that_their_mix_was_measured_to_take(bill: Billed, factor: str) -> None:
    """2 ms and 4 ms alone: a mean of 3 ms, and in the mix 3 × 1.25 = 3.75 ms."""
    works = [some_work(name=name, cpu_ms=cpu, mix_factor=F(factor)) for name, cpu in (("a", 2), ("b", 4))]
    nodes = next(item for item in bill(NODES, rate=1000, works=works).items if item.name == "nodes")
    cpu = next(quantity for quantity in nodes.inputs if quantity.name == "CPU of a request")
    assert cpu.amount == 3 * F(factor)
    each = F("1.78") * F("0.6") * 1000 / cpu.value
    assert nodes.factors[0].value == math.ceil(1000 / each) + 1
    measured = "3 ms, times what their measured mix took more"
    assert measured in str(cpu.how) if factor != "1" else "their mix was not measured" in str(cpu.how)


def test_a_service_alone_takes_its_own_cpu_whatever_the_mix_took(bill: Billed) -> None:
    alone = bill(NODES, rate=1000, cpu_ms=2, mix_factor=F("1.25"))
    assert alone.month == bill(NODES, rate=1000, cpu_ms=2).month
    tasks = '[fargate]\norchestrator = "ecs"\nvcpu = 1'
    works = [some_work(name=name, cpu_ms=2, mix_factor=F("1.25")) for name in "ab"]
    apart = [some_work(name=name, cpu_ms=2) for name in "ab"]
    assert bill(tasks, rate=1000, works=works).month == bill(tasks, rate=1000, works=apart).month
