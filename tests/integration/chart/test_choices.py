"""What people who know other charts set: names, labels, scheduling, accounts, variables, volumes, certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

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


def test_one_of_the_monitors_is_enough(rendered: Rendered) -> None:
    choice = {"podMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "stack"}}}
    cluster = rendered("nodes", prometheus=choice)
    monitor = cluster.all("PodMonitor")[""]
    assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "http", "path": "/metrics", "interval": "15s"}]
    for name in cluster.services:
        labels = cluster.template(name)["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    with pytest.raises(manifests.ChartRefusedError, match=r"prometheus.podMonitor: scrapes what"):
        rendered("nodes", prometheus={**choice, "serviceMonitor": {"enabled": True}})


def test_alert_rules_are_made_by_choice_for_the_services_that_are_enabled(rendered: Rendered) -> None:
    assert rendered("nodes").all("PrometheusRule") == {}
    rules = {"rules": {"enabled": True, "labels": {"release": "stack"}}}
    made = rendered("nodes", **{"prometheus": rules, "services.twitter.enabled": False}).all("PrometheusRule")[""]
    assert made["metadata"]["labels"]["release"] == "stack"
    source = yaml.safe_load((manifests.CHART / "alerts/crossover.yaml").read_text())
    names = [[rule["alert"] for rule in group["rules"]] for group in made["spec"]["groups"]]
    assert names == [[rule["alert"] for rule in group["rules"]] for group in source["groups"]]
    (memory,) = [rule for rule in made["spec"]["groups"][1]["rules"] if rule["alert"] == "CrossoverMemoryHigh"]
    assert 'container=~"blockchain|qrcode"' in memory["expr"]
    assert memory["annotations"]["summary"].startswith("{{ $labels.pod }}")


def test_alert_rules_and_dashboard_can_be_config_maps(rendered: Rendered) -> None:
    chosen = {"rules": {"enabled": True, "kind": "ConfigMap"}, "dashboard": {"enabled": True}}
    maps = {each["metadata"]["name"]: each for each in rendered("nodes", prometheus=chosen).objects}
    source = (manifests.CHART / "alerts/crossover.yaml").read_text()
    assert (
        yaml.safe_load(maps["crossover-alerts"]["data"]["crossover.yaml"])["groups"][0]
        == (yaml.safe_load(source)["groups"][0])
    )
    dashboard = maps["crossover-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["data"]["crossover.json"] == (manifests.CHART / "dashboards/crossover.json").read_text()


def test_labels_and_annotations_for_all_reach_every_object_and_pod(rendered: Rendered) -> None:
    given = {"commonLabels": {"example.com/team": "ours"}, "commonAnnotations": {"example.com/owner": "us"}}
    chosen = {"gateway": {"enabled": True, "parentRefs": [{"name": "public"}]}}
    watched = {"rules": {"enabled": True}, "dashboard": {"enabled": True}, "serviceMonitor": {"enabled": True}}
    cluster = rendered("nodes", **given, **chosen, prometheus=watched)
    pods = [cluster.template(name) for name in cluster.services]
    for each in [*cluster.objects, *pods]:
        assert each["metadata"]["labels"]["example.com/team"] == "ours", each
        assert each["metadata"]["annotations"]["example.com/owner"] == "us", each
    for name in cluster.services:
        assert "example.com/team" not in cluster.all("Deployment")[name]["spec"]["selector"]["matchLabels"]
    with pytest.raises(manifests.ChartRefusedError, match=r"commonLabels: helm.sh/chart is the chart's own"):
        rendered("nodes", commonLabels={"helm.sh/chart": "x"})


def test_spread_constraints_of_a_user_stand_in_for_the_charts(rendered: Rendered) -> None:
    constraint = {"topologyKey": "rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    cluster = rendered("nodes", pods={"topologySpreadConstraints": [constraint]})
    for name in cluster.services:
        assert cluster.template(name)["spec"]["topologySpreadConstraints"] == [constraint]


def test_a_route_of_a_gateway_has_the_path_of_every_enabled_service(rendered: Rendered) -> None:
    assert rendered("nodes").all("HTTPRoute") == {}
    parents = [{"name": "public", "namespace": "gateways", "sectionName": "https"}]
    chosen = {"enabled": True, "parentRefs": parents, "hostnames": ["a.example.com"]}
    off = {"gateway": chosen, "ingress.enabled": False, "services.twitter.enabled": False}
    cluster = rendered("nodes", **off)
    route = cluster.all("HTTPRoute")[""]["spec"]
    assert (route["parentRefs"], route["hostnames"]) == (parents, ["a.example.com"])
    assert [(rule["matches"][0]["path"]["value"], rule["backendRefs"]) for rule in route["rules"]] == [
        (f"/{name}", [{"name": f"crossover-{name}", "port": 8080}]) for name in ("blockchain", "qrcode")
    ]
    assert cluster.all("Ingress") == {}
    with pytest.raises(manifests.ChartRefusedError, match=r"gateway.parentRefs: name the Gateway"):
        rendered("nodes", gateway={"enabled": True})


def test_keda_scales_by_the_same_values_and_by_more_triggers(rendered: Rendered) -> None:
    trigger = {"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "q", "threshold": "100"}}
    cluster = rendered("nodes", **{"pods.autoscaling": {"kind": "keda", "triggers": [trigger]}})
    assert cluster.all("HorizontalPodAutoscaler") == {}
    native = rendered("nodes").all("HorizontalPodAutoscaler")["qrcode"]["spec"]
    scaled = cluster.all("ScaledObject")["qrcode"]["spec"]
    assert scaled["scaleTargetRef"] == native["scaleTargetRef"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (native["minReplicas"], native["maxReplicas"])
    assert scaled["triggers"] == [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}, trigger]
    assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == native["behavior"]
    with pytest.raises(manifests.ChartRefusedError, match=r"autoscaling.triggers of services.*are KEDA's"):
        rendered("nodes", **{"pods.autoscaling.triggers": [trigger]})
