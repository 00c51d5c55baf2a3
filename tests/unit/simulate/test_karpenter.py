"""Karpenter's nodes: batches, consolidation, and what differs from the Cluster Autoscaler."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from local.cost import files
from local.errors import UserError
from local.simulate.cluster_autoscaler import NodeGroup
from local.simulate.job import Job
from local.simulate.karpenter import KarpenterPool
from local.simulate.node_fleet import NodeFleet
from local.simulate.run import node_fleet, simulate
from local.simulate.settings import Settings
from local.simulate.traffic import Traffic


def pool(ready: int = 2, **settings: float) -> KarpenterPool:
    return KarpenterPool(2, minimum=1, boot=60, ready=ready, **settings)  # type: ignore[arg-type]


def sizes(nodes: NodeFleet, pods: list[int], begin: int = 0) -> list[int]:
    """Return the nodes that are paid after each second."""
    found = []
    for second, wanted in enumerate(pods, begin):
        nodes.step(second, wanted)
        found.append(nodes.billed)
    return found


def test_a_batch_ends_a_second_after_the_last_pending_pod() -> None:
    assert sizes(pool(), [4, 6, 6]) == [2, 2, 3]
    assert sizes(pool(), [4, 6, 8, 10, 10]) == [2, 2, 2, 2, 5], "pods that come each second share a batch"


def test_a_batch_lasts_ten_seconds_at_most() -> None:
    found = sizes(pool(), [4, *range(6, 40, 2)])
    assert found[:11] == [2] * 11
    assert found[11] > 10


def test_pods_have_a_place_once_their_node_has_booted() -> None:
    nodes = pool()
    sizes(nodes, [6, 6])
    assert (nodes.step(60, 6), nodes.step(61, 6)) == (4, 6)


def test_spare_nodes_go_a_quarter_of_a_minute_after_they_are_found_a_tenth_of_all_at_a_time() -> None:
    found = sizes(pool(20), [2] * 60)
    assert found[14] == 20
    assert found[15] == 18
    assert found[-1] < found[15]
    steps = {before - after for before, after in pairwise(found)}
    assert steps <= {0, 1, 2}, "a tenth, rounded up"


def test_consolidation_waits_after_each_change_of_the_pods() -> None:
    found = sizes(pool(3, consolidate_after=100), [6] * 10 + [2] * 200)
    assert found[10 + 114] == 3
    assert found[10 + 115] == 2


def test_spare_nodes_that_are_needed_again_stay() -> None:
    assert set(sizes(pool(3), [2] * 10 + [6] * 60)) == {3}


def test_the_fewest_nodes_stay() -> None:
    assert sizes(KarpenterPool(2, ready=2), [0] * 600)[-1] == 2


def test_karpenter_launches_within_a_second_or_two_and_the_cluster_autoscaler_at_its_next_scan() -> None:
    pods = [4] * 5 + [8] * 10
    assert sizes(pool(2), pods).index(4) == 6
    assert sizes(NodeGroup(2, minimum=1, boot=60, ready=2), pods).index(4) == 10


def test_karpenter_removes_within_a_minute_what_the_cluster_autoscaler_keeps_for_ten() -> None:
    pods = [8] * 5 + [2] * 900
    gone = sizes(pool(4), pods).index(1)
    kept = sizes(NodeGroup(2, minimum=1, boot=60, ready=4), pods).index(1)
    assert gone < 120
    assert kept >= 600


def test_a_day_that_falls_costs_less_by_karpenter_on_the_same_nodes() -> None:
    mix, book = files.mix({"twitter": Fraction(1)}), files.price_book()
    day = Traffic("fall", (12_000.0,) * 900 + (1_000.0,) * 2_700)
    settings = Settings(instance="c8g.large")
    scaled = simulate(Job("eks-nodes", day, mix, settings), book)
    packed = simulate(Job("eks-nodes", day, mix, replace(settings, node_scaler="karpenter")), book)
    assert packed.nodes < scaled.nodes
    assert packed.money.items["nodes"] < scaled.money.items["nodes"]
    assert packed.shares["lost"] == scaled.shares["lost"]


def test_the_settings_choose_the_autoscaler_of_the_nodes() -> None:
    assert isinstance(node_fleet(Settings()), NodeGroup)
    chosen = node_fleet(Settings(node_scaler="karpenter", consolidate_after=30, node_boot=45))
    assert isinstance(chosen, KarpenterPool)
    assert (chosen.consolidate_after, chosen.boot) == (30, 45)
    with pytest.raises(UserError, match="none of cluster-autoscaler, karpenter"):
        Settings(node_scaler="moon")
