"""Wrong values are clear errors, and the chart says the same as the code."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from functions import registry
from local.chart import manifests, schema
from local.cli.places import ROOT

WRONG = {
    "platform=lambda": "at '/platform': value must be one of",
    "image.repository=": "image.repository: give the registry's address",
    "image.repository=Not/Valid": "at '/image/repository': 'Not/Valid' does not match",
    "image.digest=sha256:12": "at '/image/digest'",
    "image.tag=-x": "at '/image/tag'",
    "image.pullPolicy=Sometimes": "at '/image/pullPolicy': value must be one of",
    "imgae.tag=1": "additional properties 'imgae' not allowed",
    "services.collatz.enabled=true": "at '/services': additional properties 'collatz' not allowed",
    "services.qrcode.enabled=maybe": "at '/services/qrcode/enabled': got string, want boolean",
    "services.qrcode.store.secret=x": "at '/services/qrcode': additional properties 'store' not allowed",
    "services.qrcode.settings.POW_MAX_ATTEMPTS=1": "additional properties 'POW_MAX_ATTEMPTS' not allowed",
    "services.blockchain.settings.POW_MAX_ATTEMPTS=0": "POW_MAX_ATTEMPTS': minimum: got 0, want 1",
    "services.twitter.store.secret=Not_A_Name": "at '/services/twitter/store/secret'",
    "services.twitter.store.secret=": "services.twitter.store.secret: name the Secret",
    "services.qrcode.enabled=false,services.blockchain.enabled=false,services.twitter.enabled=false": "services: none",
    "pods.settings.WORKRS=2": "at '/pods/settings': additional properties 'WORKRS' not allowed",
    "pods.settings.WORKERS=0": "at '/pods/settings/WORKERS': minimum: got 0, want 1",
    "pods.settings.WORKERS=two": "at '/pods/settings/WORKERS': got string, want integer",
    "pods.settings.PORT=9000": "at '/pods/settings': additional properties 'PORT' not allowed",
    "pods.settings.TEAM_AWS_ACCOUNT=1": "at '/pods/settings/TEAM_AWS_ACCOUNT': got number, want string",
    "pods.autoscaling.min=0": "at '/pods/autoscaling/min': minimum: got 0, want 1",
    "pods.autoscaling.min=11": "autoscaling.min of services.blockchain: is above autoscaling.max",
    "pods.autoscaling.cpuPercent=150": "at '/pods/autoscaling/cpuPercent': maximum: got 150, want 100",
    "pods.resources.memory=lots": "at '/pods/resources/memory': 'lots' does not match",
    "pods.resources.cpu=0": "at '/pods/resources/cpu'",
    "pods.roleArn=role": "at '/pods/roleArn'",
    "identity=keys": "at '/identity': value must be one of 'none', 'pod-identity', 'irsa'",
    "timing.preStop=15": "timing.preStop: has to be longer than ingress.deregistrationDelay",
    "timing.keepAlive=60": "timing.keepAlive: has to be longer than ingress.idleTimeout",
    "timing.drain=-1": "at '/timing/drain': minimum: got -1, want 0",
    "disruption.maxUnavailable=0": "at '/disruption/maxUnavailable'",
    "ingress.scheme=public": "at '/ingress/scheme': value must be one of 'internal', 'internet-facing'",
    "ingress.certificateArn=mine": "at '/ingress/certificateArn'",
    "networkPolicy.clients={everybody}": "at '/networkPolicy/clients/0'",
    "networkPolicy.databasePort=70000": "at '/networkPolicy/databasePort': maximum: got 70,000, want 65,535",
    "prometheus.scrape=1": "at '/prometheus/scrape': got number, want boolean",
}
WRONG_ON_FARGATE = {
    "identity=pod-identity": "at '/identity': value must be one of 'none', 'irsa'",
    "networkPolicy.enabled=true": "at '/networkPolicy/enabled': value must be false",
    "pods.resources.cpu=500m": "resources of services.blockchain: on Fargate cpuLimit equals cpu",
}


@pytest.mark.parametrize(("values", "choice", "message"), [
    *(("nodes", choice, message) for choice, message in WRONG.items()),
    *(("fargate", choice, message) for choice, message in WRONG_ON_FARGATE.items()),
])  # fmt: skip
def test_a_wrong_value_is_refused_with_its_key_named(helm: None, values: str, choice: str, message: str) -> None:
    with pytest.raises(manifests.Refused, match=re.escape(message)):
        manifests.render(values, "--set", choice)


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
