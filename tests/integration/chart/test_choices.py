"""What people who know other charts set: names, labels, scheduling, accounts, variables, volumes, certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.deploy.chart import manifests
from tests.support.cluster import Cluster

Rendered = Callable[..., Cluster]


@pytest.fixture
def rendered(helm: None) -> Rendered:
    """The manifests of a values file with a tree of more values."""

    def render(values: str, **more: Any) -> Cluster:
        options = [option for name, value in more.items() for option in ("--set-json", f"{name}={json.dumps(value)}")]
        return Cluster(manifests.objects(manifests.render(values, *options)))

    return render


def test_scheduling_labels_and_annotations_reach_the_pods(rendered: Rendered) -> None:
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    toleration = {"key": "dedicated", "operator": "Equal", "value": "web", "effect": "NoSchedule"}
    pods = {
        "affinity": affinity,
        "tolerations": [toleration],
        "nodeSelector": {"disk": "ssd"},
        "priorityClassName": "high",
        "podLabels": {"team": "ours"},
        "podAnnotations": {"example.com/owner": "us", "prometheus.io/port": "9000"},
    }
    cluster = rendered("nodes", pods=pods, prometheus={"scrape": True})
    for name in cluster.services:
        template = cluster.template(name)
        assert template["spec"]["affinity"] == affinity
        assert template["spec"]["tolerations"] == [toleration]
        assert template["spec"]["nodeSelector"]["disk"] == "ssd"
        assert template["spec"]["priorityClassName"] == "high"
        assert template["metadata"]["labels"]["team"] == "ours"
        assert template["metadata"]["annotations"]["example.com/owner"] == "us"
        assert template["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
        assert template["metadata"]["annotations"]["prometheus.io/port"] == "9000", "what a user sets wins"
        assert "team" not in cluster.all("Deployment")[name]["spec"]["selector"]["matchLabels"]


def test_an_existing_service_account_is_taken_and_none_is_made(rendered: Rendered) -> None:
    cluster = rendered("nodes", pods={"serviceAccount": {"create": False, "name": "ours"}})
    assert cluster.all("ServiceAccount") == {}
    assert {cluster.template(name)["spec"]["serviceAccountName"] for name in cluster.services} == {"ours"}
    unnamed = rendered("nodes", pods={"serviceAccount": {"create": False}})
    assert unnamed.template("qrcode")["spec"]["serviceAccountName"] == "default"


def test_an_account_that_the_chart_makes_can_have_a_name_and_annotations(rendered: Rendered) -> None:
    account = {"name": "codes", "annotations": {"example.com/owner": "us"}}
    cluster = rendered("nodes", **{"services.qrcode.serviceAccount": account})
    made = cluster.all("ServiceAccount")["qrcode"]["metadata"]
    assert (made["name"], made["annotations"]) == ("codes", {"example.com/owner": "us"})
    assert cluster.template("qrcode")["spec"]["serviceAccountName"] == "codes"
    assert cluster.all("ServiceAccount")["twitter"]["metadata"]["name"] == "crossover-twitter"


def test_more_variables_come_from_values_objects_and_whole_maps(rendered: Rendered) -> None:
    team = {"name": "TEAM_NAME", "valueFrom": {"configMapKeyRef": {"name": "team", "key": "name"}}}
    source = {"configMapRef": {"name": "more"}}
    cluster = rendered("nodes", pods={"extraEnv": [team, {"name": "TZ", "value": "UTC"}], "envFrom": [source]})
    for name in cluster.services:
        assert cluster.container(name)["envFrom"] == [source]
        assert cluster.environ(name)["TEAM_NAME"] == team["valueFrom"]
        assert cluster.environ(name)["TZ"] == "UTC"


def test_more_volumes_are_mounted_beside_those_of_the_chart(rendered: Rendered) -> None:
    volume, mount = {"name": "cache", "emptyDir": {}}, {"name": "cache", "mountPath": "/cache"}
    cluster = rendered("nodes", **{"services.qrcode": {"extraVolumes": [volume], "extraVolumeMounts": [mount]}})
    assert [each["name"] for each in cluster.template("qrcode")["spec"]["volumes"]] == ["tmp", "cache"]
    assert mount in cluster.container("qrcode")["volumeMounts"]
    assert [each["name"] for each in cluster.template("blockchain")["spec"]["volumes"]] == ["tmp"]


def test_pull_secrets_of_the_chart_and_of_its_parent_are_taken_once(rendered: Rendered) -> None:
    parent = {"imagePullSecrets": ["shared", {"name": "other"}]}
    cluster = rendered("nodes", **{"image.pullSecrets": ["own", "shared"], "global": parent})
    secrets = cluster.template("qrcode")["spec"]["imagePullSecrets"]
    assert secrets == [{"name": "shared"}, {"name": "other"}, {"name": "own"}]


def test_a_registry_of_the_parent_wins_over_the_charts(rendered: Rendered) -> None:
    image = {"registry": "own.example.com", "repository": "team/crossover", "digest": "", "tag": "1"}
    assert rendered("nodes", image=image).container("qrcode")["image"] == "own.example.com/team/crossover:1"
    cluster = rendered("nodes", **{"image": image, "global": {"imageRegistry": "mirror.example.com:5000"}})
    assert cluster.container("qrcode")["image"] == "mirror.example.com:5000/team/crossover:1"


def test_names_can_be_overridden_and_selectors_still_match(rendered: Rendered) -> None:
    cluster = rendered("nodes", fullnameOverride="bundle", nameOverride="web")
    names = {each["metadata"]["name"] for each in cluster.objects}
    assert names == {"bundle", *(f"bundle-{service}" for service in cluster.services)}
    for name in cluster.services:
        selector = cluster.all("Service")[name]["spec"]["selector"]
        assert selector["app.kubernetes.io/name"] == "web"
        assert selector.items() <= cluster.template(name)["metadata"]["labels"].items()


def test_an_ingress_has_certificates_from_secrets_or_from_acm(rendered: Rendered) -> None:
    tls = [{"hosts": ["a.example.com"], "secretName": "a-tls"}]
    cluster = rendered("laptop", ingress={"enabled": True, "className": "nginx", "host": "a.example.com", "tls": tls})
    assert cluster.all("Ingress")[""]["spec"]["tls"] == tls
    looked_up = [{"hosts": ["a.example.com"]}]
    balanced = rendered("nodes", **{"ingress.tls": looked_up})
    assert balanced.all("Ingress")[""]["spec"]["tls"] == looked_up
    assert '"HTTPS": 443' in balanced.annotations()["alb.ingress.kubernetes.io/listen-ports"]
    assert "alb.ingress.kubernetes.io/certificate-arn" not in balanced.annotations()


def test_a_service_monitor_is_made_by_choice_and_selects_every_service(rendered: Rendered) -> None:
    assert rendered("nodes").all("ServiceMonitor") == {}
    choice = {"serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "stack"}}}
    cluster = rendered("nodes", prometheus=choice)
    monitor = cluster.all("ServiceMonitor")[""]
    assert monitor["metadata"]["labels"]["release"] == "stack"
    assert monitor["spec"]["endpoints"] == [{"port": "http", "path": "/metrics", "interval": "15s"}]
    for service in cluster.all("Service").values():
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert service["spec"]["ports"][0]["name"] == "http"


def test_replicas_hold_where_autoscaling_is_off(rendered: Rendered) -> None:
    cluster = rendered("nodes", **{"pods.autoscaling.enabled": False, "pods.replicas": 3})
    assert cluster.all("HorizontalPodAutoscaler") == {}
    assert {each["spec"]["replicas"] for each in cluster.all("Deployment").values()} == {3}


def test_a_laptop_serves_a_demo_store_from_a_config_map(rendered: Rendered) -> None:
    cluster = rendered("laptop")
    folder = "/etc/crossover/store"
    assert cluster.environ("twitter")["TWITTER_STORE"] == f"sqlite:///{folder}/store.db"
    assert {"name": "store", "mountPath": folder, "readOnly": True} in cluster.container("twitter")["volumeMounts"]
    (volume,) = [each for each in cluster.template("twitter")["spec"]["volumes"] if each["name"] == "store"]
    assert volume["configMap"]["name"] == "crossover-demo-store"
    without = rendered("laptop", **{"services.twitter.store.configMap": ""})
    assert "TWITTER_STORE" not in without.environ("twitter")
