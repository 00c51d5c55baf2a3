"""A pod that goes loses no request: who waits for whom, and for how long."""

from __future__ import annotations

import pytest

from container.settings import ContainerSettings
from crossover.settings import load
from local.deploy.chart import manifests
from tests.support.cluster import Cluster


def seconds(cluster: Cluster, service: str, name: str) -> float:
    """What the container makes of a variable of a pod."""
    settings = load(ContainerSettings, {name: cluster.environ(service)[name]})
    return float(getattr(settings, name.lower()))


def pre_stop(cluster: Cluster, service: str) -> int:
    return int(cluster.container(service)["lifecycle"]["preStop"]["sleep"]["seconds"])


def test_a_pod_waits_until_the_load_balancer_has_let_go_of_it(production: Cluster) -> None:
    delay = int(production.attribute("target-group", "deregistration_delay.timeout_seconds"))
    for name in production.services:
        assert pre_stop(production, name) > delay


def test_the_grace_period_is_longer_than_the_wait_the_drain_and_the_stop_together(cluster: Cluster) -> None:
    for name in cluster.services:
        ours = seconds(cluster, name, "DRAIN_SECONDS") + seconds(cluster, name, "STOP_SECONDS")
        needed = pre_stop(cluster, name) + ours
        assert cluster.template(name)["spec"]["terminationGracePeriodSeconds"] > needed


def test_a_longer_stop_is_the_servers_and_the_grace_periods_too(nodes: Cluster) -> None:
    longer = Cluster(manifests.objects(manifests.render("nodes", "--set", "timing.stop=25")))
    for name in nodes.services:
        assert seconds(longer, name, "STOP_SECONDS") == 25
        before, after = (each.template(name)["spec"]["terminationGracePeriodSeconds"] for each in (nodes, longer))
        assert after - before == 25 - seconds(nodes, name, "STOP_SECONDS")


def test_the_load_balancer_gives_up_an_idle_connection_before_the_pod_does(production: Cluster) -> None:
    idle = int(production.attribute("load-balancer", "idle_timeout.timeout_seconds"))
    for name in production.services:
        assert int(production.environ(name)["KEEP_ALIVE_SECONDS"]) > idle


def test_requests_under_way_outlast_no_deregistration(production: Cluster) -> None:
    delay = int(production.attribute("target-group", "deregistration_delay.timeout_seconds"))
    for name in production.services:
        assert delay > seconds(production, name, "COMPUTE_SECONDS") + seconds(production, name, "WRITE_SECONDS")
        given = {key: production.environ(name)[key] for key in ("COMPUTE_SECONDS", "WRITE_SECONDS")}
        assert load(ContainerSettings, given) == ContainerSettings(), "the chart changes no default"


def test_waiting_needs_no_shell_in_the_image(cluster: Cluster) -> None:
    for name in cluster.services:
        assert set(cluster.container(name)["lifecycle"]) == {"preStop"}
        assert set(cluster.container(name)["lifecycle"]["preStop"]) == {"sleep"}


def test_a_rollout_takes_no_pod_away_before_another_is_ready(cluster: Cluster) -> None:
    for deployment in cluster.all("Deployment").values():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}


@pytest.mark.parametrize("values", ["nodes", "fargate"])
@pytest.mark.parametrize("choice", ["pods.autoscaling.min=1", "pods.autoscaling.enabled=false,pods.replicas=1"])
def test_one_pod_of_a_service_is_possible_and_never_keeps_a_node(helm: None, values: str, choice: str) -> None:
    cluster = Cluster(manifests.objects(manifests.render(values, "--set", choice)))
    for name, budget in cluster.all("PodDisruptionBudget").items():
        assert cluster.fewest_pods(name) == budget["spec"]["maxUnavailable"] == 1


def test_a_drained_node_may_always_take_a_pod_and_never_the_last_one(production: Cluster) -> None:
    for name, budget in production.all("PodDisruptionBudget").items():
        assert 1 <= budget["spec"]["maxUnavailable"] < production.fewest_pods(name)
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
