"""HPA, Cluster Autoscaler and ECS target tracking by their documented rules."""

from __future__ import annotations

import pytest

from local.simulate.cluster_autoscaler import NodeGroup
from local.simulate.hpa import Autoscaler
from local.simulate.target_tracking import TargetTracking
from local.simulate.validation import sequences


@pytest.mark.parametrize(
    ("what", "found", "documented"), sequences(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_hpa_does_what_the_documents_write_out(what: str, found: list[int], documented: list[int]) -> None:
    assert found == documented


def test_pods_that_are_not_ready_count_as_idle_when_it_scales_up() -> None:
    scaler = Autoscaler(0.5, 1, 100)
    assert scaler.desired(4, 1.0, ready=4) == 8
    assert scaler.desired(4, 1.0, ready=3) == 6
    assert scaler.desired(4, 1.0, ready=2) == 4, "within the tolerance once the others count"


def test_without_a_metric_nothing_changes() -> None:
    assert Autoscaler(0.5, 1, 100).decide(0, 7, None) == 7
    assert TargetTracking(0.5, 1, 100).decide(0, 7, None) == 7


def test_the_hpa_scales_down_only_after_its_window() -> None:
    scaler = Autoscaler(0.5, 1, 100)
    scaler.decide(0, 10, 0.5)
    found = {at: scaler.decide(at, 10, 0.1) for at in range(15, 330, 15)}
    assert all(replicas == 10 for at, replicas in found.items() if at < 300)
    assert found[300] == 2


def test_the_hpa_keeps_its_bounds() -> None:
    assert Autoscaler(0.5, 3, 5).decide(0, 4, 1.0) == 5
    assert Autoscaler(0.5, 3, 5).decide(0, 1, 0.5) == 3


def minutes(scaler: TargetTracking, tasks: int, utilisations: list[float]) -> list[int]:
    seen = []
    for minute, utilisation in enumerate(utilisations, 1):
        tasks = scaler.decide(minute * 60, tasks, utilisation)
        seen.append(tasks)
    return seen


def test_ecs_scales_out_after_three_datapoints_and_again_after_its_cooldown() -> None:
    seen = minutes(TargetTracking(0.5, 1, 100), 4, [1.0] * 3 + [0.6] * 6)
    assert seen == [4, 4, 8, 8, 8, 8, 8, 10, 10], "2 more are not more than the 4 before; five minutes later they are"


def test_ecs_lets_a_larger_scale_out_through_its_cooldown_less_what_the_last_one_added() -> None:
    seen = minutes(TargetTracking(0.5, 1, 100), 4, [0.7] * 3 + [0.9])
    assert seen == [4, 4, 6, 9], "0.7 asks for 2 more, 0.9 for 5 more, of which 2 were added"


def test_an_overload_that_lasts_scales_ecs_out_continuously_but_not_in_proportion_each_minute() -> None:
    seen = minutes(TargetTracking(0.5, 1, 100), 2, [1.0] * 9)
    assert seen == [2, 2, 4, 6, 8, 10, 12, 14, 16]
    assert minutes(TargetTracking(0.5, 1, 5), 2, [1.0] * 5) == [2, 2, 4, 5, 5]


def test_a_scale_in_does_not_hold_a_scale_out_of_ecs_up() -> None:
    seen = minutes(TargetTracking(0.5, 1, 100), 8, [0.25] * 15 + [1.0] * 3)
    assert seen[-4:] == [4, 4, 4, 8]


def test_ecs_scales_in_after_fifteen_datapoints_below_nine_tenths_of_the_target() -> None:
    scaler = TargetTracking(0.5, 1, 100)
    seen = [scaler.decide(minute * 60, 8, 0.25) for minute in range(1, 16)]
    assert seen == [8] * 14 + [4]
    near = TargetTracking(0.5, 1, 100)
    assert [near.decide(minute * 60, 8, 0.46) for minute in range(1, 30)] == [8] * 29


def test_pods_wait_for_a_node_to_boot() -> None:
    nodes = NodeGroup(2, minimum=1, boot=60, ready=1)
    assert nodes.step(0, 5) == 2
    assert nodes.billed == 3
    assert nodes.step(59, 5) == 2
    assert nodes.step(60, 5) == 5


def test_a_node_goes_when_it_was_unneeded_for_ten_minutes() -> None:
    nodes = NodeGroup(2, minimum=1, boot=0, ready=3)
    sizes = {}
    for second in range(0, 700, 10):
        nodes.step(second, 1)
        sizes[second] = nodes.ready
    assert (sizes[590], sizes[600]) == (3, 1)


def test_lost_nodes_are_replaced() -> None:
    nodes = NodeGroup(2, minimum=2, boot=30, ready=4)
    nodes.lose(1)
    assert nodes.step(0, 8) == 6
    assert nodes.step(30, 8) == 8
