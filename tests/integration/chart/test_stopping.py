"""A pod that goes loses no request: who waits for whom, and for how long."""

from __future__ import annotations

from container.settings import ContainerSettings
from crossover.settings import load
from tests.support.cluster import Cluster


def stop_seconds() -> float:
    """What the server gives requests that are under way when it stops."""
    return float(ContainerSettings().stop_seconds)


def pre_stop(cluster: Cluster, service: str) -> int:
    return int(cluster.container(service)["lifecycle"]["preStop"]["sleep"]["seconds"])


def test_a_pod_waits_until_the_load_balancer_has_let_go_of_it(production: Cluster) -> None:
    delay = int(production.attribute("target-group", "deregistration_delay.timeout_seconds"))
    for name in production.services:
        assert pre_stop(production, name) > delay


def test_the_grace_period_is_longer_than_the_wait_the_drain_and_the_stop_together(cluster: Cluster) -> None:
    for name in cluster.services:
        settings = load(ContainerSettings, {"DRAIN_SECONDS": cluster.environ(name)["DRAIN_SECONDS"]})
        needed = pre_stop(cluster, name) + settings.drain_seconds + stop_seconds()
        assert cluster.template(name)["spec"]["terminationGracePeriodSeconds"] > needed


def test_the_load_balancer_gives_up_an_idle_connection_before_the_pod_does(production: Cluster) -> None:
    idle = int(production.attribute("load-balancer", "idle_timeout.timeout_seconds"))
    for name in production.services:
        assert int(production.environ(name)["KEEP_ALIVE_SECONDS"]) > idle


def test_requests_under_way_outlast_no_deregistration(production: Cluster) -> None:
    delay = int(production.attribute("target-group", "deregistration_delay.timeout_seconds"))
    assert delay > ContainerSettings().compute_seconds + ContainerSettings().write_seconds


def test_waiting_needs_no_shell_in_the_image(cluster: Cluster) -> None:
    for name in cluster.services:
        assert set(cluster.container(name)["lifecycle"]) == {"preStop"}
        assert set(cluster.container(name)["lifecycle"]["preStop"]) == {"sleep"}


def test_a_rollout_takes_no_pod_away_before_another_is_ready(cluster: Cluster) -> None:
    for deployment in cluster.all("Deployment").values():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}


def test_a_drained_node_may_always_take_a_pod_and_never_the_last_one(production: Cluster) -> None:
    for name, budget in production.all("PodDisruptionBudget").items():
        assert 1 <= budget["spec"]["maxUnavailable"] < production.fewest_pods(name)
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
