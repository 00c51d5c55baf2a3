"""What runs: images, settings, probes, resources, and what a pod may not do."""

from __future__ import annotations

import math
import re

import pytest

from container.settings import ContainerSettings
from crossover.settings import documented, load
from functions import registry
from local.deploy.chart import manifests
from tests.support.cluster import Cluster, quantity

STORED = {service.name for service in registry.load() if service.stored}


def test_a_pod_runs_one_service_alone(cluster: Cluster) -> None:
    assert set(cluster.services) == set(registry.SERVICES)
    assert {name: cluster.environ(name)["CROSSOVER_SERVICES"] for name in cluster.services} == {
        name: name for name in registry.SERVICES
    }


def test_every_variable_is_a_setting_that_the_pod_knows(cluster: Cluster) -> None:
    for service in registry.load():
        known = {each.name for each in documented(ContainerSettings)}
        known |= {each.name for each in documented(service.settings)} if service.settings else set()
        known |= {f"{service.name.upper()}_STORE"} if service.stored else set()
        assert set(cluster.environ(service.name)) <= known


def test_the_container_takes_every_value_as_it_is_rendered(cluster: Cluster) -> None:
    for name in cluster.services:
        literals = {key: value for key, value in cluster.environ(name).items() if isinstance(value, str)}
        settings = load(ContainerSettings, literals)
        assert settings.service_names() == [name]
        assert registry.load([name], literals)


def test_large_numbers_reach_the_pod_as_they_were_written(helm: None) -> None:
    text = manifests.render("nodes", "--set-json", 'pods.settings={"MAX_CONNECTIONS": 1000000, "HEAD_SECONDS": 0.5}')
    environ = Cluster(manifests.objects(text)).environ("qrcode")
    assert (environ["MAX_CONNECTIONS"], environ["HEAD_SECONDS"]) == ("1000000", "0.5")


def test_what_is_said_for_one_service_is_over_what_is_said_for_all(helm: None) -> None:
    choices = "pods.settings.WORKERS=2,services.twitter.settings.WORKERS=3,services.twitter.autoscaling.max=40"
    cluster = Cluster(manifests.objects(manifests.render("nodes", "--set", choices)))
    assert {name: cluster.environ(name)["WORKERS"] for name in cluster.services} == {
        "qrcode": "2",
        "blockchain": "2",
        "twitter": "3",
    }
    assert (cluster.most_pods("qrcode"), cluster.most_pods("twitter")) == (10, 40)


def test_a_service_that_is_off_leaves_nothing_behind(helm: None) -> None:
    text = manifests.render("nodes", "--set", "services.twitter.enabled=false")
    assert "twitter" not in text


def test_a_store_s_url_comes_from_a_secret_and_only_to_the_service_that_reads_it(production: Cluster) -> None:
    for name in production.services:
        stores = {key: value for key, value in production.environ(name).items() if key.endswith("_STORE")}
        if name in STORED:
            secret = {"secretKeyRef": {"name": "crossover-twitter-store", "key": "url"}}
            assert stores == {f"{name.upper()}_STORE": secret}
        else:
            assert stores == {}


def test_no_variable_that_is_written_out_looks_like_a_secret(cluster: Cluster) -> None:
    secret = re.compile(r"(?<!^sqlite)://|password|secret|token|AKIA", re.IGNORECASE)
    for name in cluster.services:
        assert not [
            key for key, value in cluster.environ(name).items() if isinstance(value, str) and secret.search(value)
        ]


def test_the_chart_makes_no_secret(cluster: Cluster) -> None:
    assert cluster.all("Secret") == {}


def test_the_check_of_connections_counts_the_pods_that_come_and_go_too(production: Cluster) -> None:
    rolling = production.all("Deployment")["twitter"]["spec"]["strategy"]["rollingUpdate"]
    most = production.most_pods("twitter")
    surge = math.ceil(most * int(rolling["maxSurge"].rstrip("%")) / 100)
    # A rollout faster than a grace period, then a rollback: pods that are stopping still have their connections.
    ready, going = most, 0
    peak = ready
    for _ in range(math.ceil(most / surge)):
        peak = max(peak, ready + surge + going)
        replaced = min(surge, most - going)
        going += replaced
    assert (ready, going) == (most, most)
    peak = max(peak, ready + surge + going)
    assert int(production.environ("twitter")["PODS"]) == peak


def test_probes_ask_paths_that_the_application_answers(cluster: Cluster, answered: set[str]) -> None:
    for name in cluster.services:
        container = cluster.container(name)
        asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        assert asked <= answered


def test_a_database_that_is_gone_restarts_no_pod(cluster: Cluster) -> None:
    for name in cluster.services:
        container = cluster.container(name)
        paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_a_pod_has_a_minute_to_start_before_liveness_is_asked(cluster: Cluster) -> None:
    for name in cluster.services:
        probe = cluster.container(name)["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_a_flood_of_connections_is_not_answered_with_a_restart(cluster: Cluster) -> None:
    for name in cluster.services:
        liveness, readiness = (cluster.container(name)[f"{kind}Probe"] for kind in ("liveness", "readiness"))
        patience = liveness["periodSeconds"] * liveness["failureThreshold"]
        assert patience >= 120
        assert readiness["periodSeconds"] * readiness["failureThreshold"] <= patience / 10


def test_pods_keep_to_the_restricted_pod_security_standard(cluster: Cluster) -> None:
    for name in cluster.services:
        pod, container = cluster.template(name)["spec"], cluster.container(name)
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"hostNetwork", "hostPID", "hostIPC", "initContainers"}.isdisjoint(pod)
        assert {kind for each in pod["volumes"] for kind in each if kind != "name"} <= {"emptyDir", "configMap"}


def test_no_pod_has_a_service_account_token(cluster: Cluster) -> None:
    accounts = cluster.all("ServiceAccount")
    for name in cluster.services:
        pod = cluster.template(name)["spec"]
        assert pod["serviceAccountName"] == accounts[name]["metadata"]["name"]
        assert (pod["automountServiceAccountToken"], accounts[name]["automountServiceAccountToken"]) == (False, False)


def test_memory_is_limited_and_cpu_is_not(nodes: Cluster, laptop: Cluster) -> None:
    for cluster in (nodes, laptop):
        for name in cluster.services:
            resources = cluster.container(name)["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}
            assert set(resources["limits"]) == {"memory"}
            assert quantity(resources["requests"]["memory"]) <= quantity(resources["limits"]["memory"])


def test_a_pod_on_fargate_is_exactly_a_size_that_fargate_has(fargate: Cluster) -> None:
    for name in fargate.services:
        resources = fargate.container(name)["resources"]
        assert resources["requests"] == resources["limits"]
        cpus, memory = quantity(resources["requests"]["cpu"]), quantity(resources["requests"]["memory"])
        # Fargate adds 256 MiB for its own components; 1 vCPU comes with 2 to 8 GB.
        assert (cpus, (memory + 256 * 2**20) / 2**30) == (1, 2)


def test_only_a_node_group_is_asked_for_graviton(nodes: Cluster, fargate: Cluster) -> None:
    for name in nodes.services:
        assert nodes.template(name)["spec"]["nodeSelector"]["kubernetes.io/arch"] == "arm64"
        assert "nodeSelector" not in fargate.template(name)["spec"]


def test_images_go_by_digest_where_one_is_given_and_else_by_tag(nodes: Cluster, laptop: Cluster, helm: None) -> None:
    assert re.search(r"/crossover@sha256:[0-9a-f]{64}$", nodes.container("qrcode")["image"])
    assert laptop.container("qrcode")["image"] == "crossover:latest"
    tagless = Cluster(manifests.objects(manifests.render("laptop", "--set", "image.tag=")))
    version = next(iter(tagless.all("Deployment").values()))["metadata"]["labels"]["app.kubernetes.io/version"]
    assert tagless.container("qrcode")["image"] == f"crossover:{version}"


def test_only_irsa_writes_a_role_on_service_accounts(helm: None) -> None:
    role = "arn:aws:iam::123456789012:role/crossover-twitter"
    text = manifests.render("fargate", "--set", f"services.twitter.roleArn={role}")
    accounts = Cluster(manifests.objects(text)).all("ServiceAccount")
    assert accounts["twitter"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
    assert "annotations" not in accounts["qrcode"]["metadata"]
    with pytest.raises(manifests.ChartRefusedError, match=r"roleArn of services\.twitter: is for identity: irsa"):
        manifests.render("nodes", "--set", f"services.twitter.roleArn={role}")


def test_the_database_s_authority_is_mounted_where_the_url_looks_for_it(helm: None) -> None:
    text = manifests.render("nodes", "--set", "services.twitter.store.caConfigMap=rds-ca")
    cluster = Cluster(manifests.objects(text))
    assert {"name": "ca", "mountPath": "/etc/crossover/ca", "readOnly": True} in cluster.container("twitter")[
        "volumeMounts"
    ]
    assert {volume["name"] for volume in cluster.template("qrcode")["spec"]["volumes"]} == {"tmp"}


def test_prometheus_is_told_of_pods_only_where_that_is_asked_for(nodes: Cluster) -> None:
    assert "annotations" not in nodes.template("qrcode")["metadata"]
    scraped = Cluster(manifests.objects(manifests.render("nodes", "--set", "prometheus.scrape=true")))
    assert scraped.template("qrcode")["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(scraped.container("qrcode")["ports"][0]["containerPort"]),
        "prometheus.io/path": "/metrics",
    }
