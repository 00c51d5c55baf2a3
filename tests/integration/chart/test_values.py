"""Wrong values are clear errors, and the chart says the same as the code."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from functions import registry
from local.deploy.chart import manifests, schema
from local.paths import ROOT

WRONG = {
    "platform=lambda": "platform",
    "image.repository=": "image.repository: give the registry's address",
    "image.repository=Not/Valid": "image.repository",
    "image.digest=sha256:12": "image.digest",
    "image.tag=-x": "image.tag",
    "image.pullPolicy=Sometimes": "image.pullPolicy",
    "imgae.tag=1": "imgae",
    "services.collatz.enabled=true": "services collatz",
    "services.qrcode.enabled=maybe": "services.qrcode.enabled",
    "services.qrcode.store.secret=x": "services.qrcode store",
    "services.qrcode.settings.POW_MAX_ATTEMPTS=1": "services.qrcode.settings POW_MAX_ATTEMPTS",
    "services.blockchain.settings.POW_MAX_ATTEMPTS=0": "services.blockchain.settings.POW_MAX_ATTEMPTS",
    "services.twitter.store.secret=Not_A_Name": "services.twitter.store.secret",
    "services.twitter.store.secret=": "services.twitter.store.secret: name the Secret",
    "services.qrcode.enabled=false,services.blockchain.enabled=false,services.twitter.enabled=false": "services: none",
    "pods.settings.WORKRS=2": "pods.settings WORKRS",
    "pods.settings.WORKERS=0": "pods.settings.WORKERS",
    "pods.settings.WORKERS=two": "pods.settings.WORKERS",
    "pods.settings.PORT=9000": "pods.settings PORT",
    "pods.settings.TEAM_AWS_ACCOUNT=1": "pods.settings.TEAM_AWS_ACCOUNT",
    "pods.autoscaling.min=0": "pods.autoscaling.min",
    "pods.autoscaling.min=11": "autoscaling.min of services.blockchain: is above autoscaling.max",
    "pods.autoscaling.cpuPercent=150": "pods.autoscaling.cpuPercent",
    "pods.resources.memory=lots": "pods.resources.memory",
    "pods.resources.memory=1Gi": "resources.memory of services.blockchain: is above resources.memoryLimit",
    "pods.resources.cpuLimit=0.5": "resources.cpu of services.blockchain: is above resources.cpuLimit",
    "pods.resources.cpu=0": "pods.resources.cpu",
    "pods.roleArn=role": "pods.roleArn",
    "identity=keys": "identity",
    "pods.autoscaling.kind=vpa": "pods.autoscaling.kind",
    "pods.topologySpreadConstraint=x": "pods topologySpreadConstraint",
    "commonLabel.a=b": "commonLabel",
    "gateway.parentRef=x": "gateway parentRef",
    "prometheus.rules.kind=Secret": "prometheus.rules.kind",
    "prometheus.dashboards.enabled=true": "prometheus dashboards",
    "timing.preStop=15": "timing.preStop: has to be longer than ingress.deregistrationDelay",
    "timing.keepAlive=60": "timing.keepAlive: has to be longer than ingress.idleTimeout",
    "timing.drain=-1": "timing.drain",
    "disruption.maxUnavailable=0": "disruption.maxUnavailable",
    "disruption.maxUnavailable=2": "disruption.maxUnavailable: may take all 2 pods of services.blockchain",
    "disruption.maxUnavailable=51%": "disruption.maxUnavailable: may take all 2 pods of services.blockchain",
    "services.blockchain.settings.COMPUTE_SECONDS=5": "ingress.deregistrationDelay: has to be longer than",
    "pods.settings.WRITE_SECONDS=12": "ingress.deregistrationDelay: has to be longer than",
    "ingress.scheme=public": "ingress.scheme",
    "ingress.certificateArn=mine": "ingress.certificateArn",
    **{
        rf"ingress.annotations.alb\.ingress\.kubernetes\.io/{name}=x": "ingress.annotations: alb.ingress.kubernetes.io/"
        for name in ("target-type", "load-balancer-attributes", "target-group-attributes", "scheme", "certificate-arn")
    },
    r"ingress.loadBalancerAttributes.idle_timeout\.timeout_seconds=9": "ingress.loadBalancerAttributes",
    "networkPolicy.clients={everybody}": "networkPolicy.clients.0",
    "networkPolicy.databasePort=70000": "networkPolicy.databasePort",
    "networkPolicy.dns={local}": "networkPolicy.dns.0",
    "timing.stop=0": "timing.stop",
    "prometheus.scrape=1": "prometheus.scrape",
    "prometheus.serviceMonitor.interval=often": "prometheus.serviceMonitor.interval",
    "global.imageRegistry=registry.example.com": "image.repository: names a registry itself",
    "image.registry=registry.example.com": "image.repository: names a registry itself",
    "global.imageRegistry=Not A Registry": "global.imageRegistry",
    "fullnameOverride=Not_A_Name": "fullnameOverride",
    r"pods.podLabels.app\.kubernetes\.io/component=x": "podLabels of services.blockchain: app.",
    "pods.podLabels.team=not a label": "pods.podLabels.team",
    "pods.priorityClassName=High": "pods.priorityClassName",
    "pods.extraEnv[0].value=1": "pods.extraEnv.0",
    "pods.extraEnv[0].name=PORT": "extraEnv of services.blockchain: PORT is set by other values",
    "services.twitter.extraEnv[0].name=TWITTER_STORE": "extraEnv of services.twitter: TWITTER_STORE is set",
    "pods.extraEnv[0].name=WORKERS": "extraEnv of services.blockchain: WORKERS is set by other values",
    "pods.extraVolumes[0].name=tmp": "extraVolumes of services.blockchain: the name tmp is the chart's own",
    "pods.extraVolumeMounts[0].name=cache": "pods.extraVolumeMounts.0",
    "pods.serviceAccount.name=shared": "serviceAccount.name of services.qrcode: is created for another service too",
    "ingress.tls[0].hosts={a.example.com},ingress.tls[0].secretName=x": "ingress.tls: an Application Load",
    "services.twitter.store.configMap=x": "services.twitter.store: has a Secret and a ConfigMap",
}
WRONG_ON_FARGATE = {
    "identity=pod-identity": "identity",
    "networkPolicy.enabled=true": "networkPolicy.enabled",
    r"pods.nodeSelector.kubernetes\.io/arch=arm64": "nodeSelector of services.blockchain: Fargate has amd64 only",
    "pods.resources.cpu=500m": "resources of services.blockchain: on Fargate cpuLimit equals cpu",
    "pods.serviceAccount.create=false,pods.roleArn=arn:aws:iam::123456789012:role/a": "roleArn of services.blockchain",
}
"""Choices, and how their refusal begins: the key, and perhaps what is wrong with it."""


@pytest.mark.parametrize(("values", "choice", "named"), [
    *(("nodes", choice, named) for choice, named in WRONG.items()),
    *(("fargate", choice, named) for choice, named in WRONG_ON_FARGATE.items()),
])  # fmt: skip
def test_a_wrong_value_is_refused_with_its_key_named(helm: None, values: str, choice: str, named: str) -> None:
    with pytest.raises(manifests.ChartRefusedError) as refused:
        manifests.render(values, "--set", choice)
    assert any(line.startswith(named) for line in plain(str(refused.value))), str(refused.value)


def plain(message: str) -> list[str]:
    """helm's lines, those of helm 4 ("at '/a/b': additional properties 'c' not allowed") and 3 made alike: "a.b c"."""
    message = re.sub(r"at '/?([^']*)'", lambda at: at[1].replace("/", "."), message)
    message = re.sub(r"(?i)(?:\(root\))?: additional propert(?:y|ies) '?(\w+).*", r" \1", message)
    lines = [re.sub(r"^- |^Error: .*?: (?=[a-z])", "", line.strip()) for line in message.splitlines()]
    return [line.strip() for line in lines]


def test_the_chart_deploys_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((manifests.CHART / "Chart.yaml").read_text())
    assert (chart["appVersion"], chart["name"]) == (project["version"], project["name"])


def test_the_chart_has_the_services_of_the_bundle() -> None:
    values = yaml.safe_load((manifests.CHART / "values.yaml").read_text())
    stored = {service.name for service in registry.load() if service.stored}
    assert set(values["services"]) == set(registry.SERVICES), "a service has an entry in container/chart/values.yaml"
    assert {name for name, each in values["services"].items() if "store" in each} == stored


def test_the_schema_of_values_is_up_to_date() -> None:
    text = schema.SCHEMA.read_text()
    assert schema.renewed(text) == text, "run: make docs"


def test_what_the_chart_sets_itself_are_settings() -> None:
    from container.settings import ContainerSettings
    from crossover.settings import documented

    assert set(schema.SET_BY_CHART) <= {each.name for each in documented(ContainerSettings)}


def test_rendering_depends_on_nothing_but_the_values(helm: None) -> None:
    assert manifests.render("nodes") == manifests.render("nodes")
