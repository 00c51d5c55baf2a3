"""Rendered manifests, asked like a cluster."""

from __future__ import annotations

import re
from typing import Any

from local.deploy.chart.manifests import Manifest

UNITS = {"m": 1e-3, "": 1.0, "Mi": 2**20, "Gi": 2**30}


class Cluster:
    """What a release would put into a cluster."""

    def __init__(self, objects: list[Manifest]) -> None:
        self.objects = objects

    def all(self, kind: str) -> dict[str, Manifest]:
        """The objects of a kind by the service that they belong to, "" for those of the release."""
        return {
            each["metadata"]["labels"].get("app.kubernetes.io/component", ""): each
            for each in self.objects
            if each["kind"] == kind
        }

    @property
    def services(self) -> list[str]:
        """The services that have a Deployment."""
        return list(self.all("Deployment"))

    def template(self, service: str) -> Manifest:
        """The pods of a service."""
        template: Manifest = self.all("Deployment")[service]["spec"]["template"]
        return template

    def container(self, service: str) -> Manifest:
        """The one container of a service's pods."""
        (container,) = self.template(service)["spec"]["containers"]
        return dict(container)

    def environ(self, service: str) -> dict[str, Any]:
        """A pod's variables: their value, or where it comes from."""
        return {each["name"]: each.get("value", each.get("valueFrom")) for each in self.container(service)["env"]}

    def most_pods(self, service: str) -> int:
        """As many pods as a service may have outside of a rollout."""
        scaler = self.all("HorizontalPodAutoscaler").get(service)
        deployment = self.all("Deployment")[service]["spec"]
        return int(scaler["spec"]["maxReplicas"] if scaler else deployment["replicas"])

    def fewest_pods(self, service: str) -> int:
        """As few pods as a service has."""
        scaler = self.all("HorizontalPodAutoscaler").get(service)
        deployment = self.all("Deployment")[service]["spec"]
        return int(scaler["spec"]["minReplicas"] if scaler else deployment["replicas"])

    def annotations(self) -> dict[str, str]:
        """The annotations for the load balancer controller."""
        return dict(self.all("Ingress")[""]["metadata"]["annotations"])

    def attribute(self, group: str, name: str) -> str:
        """An attribute of the load balancer (`load-balancer`) or of its target groups (`target-group`)."""
        text = self.annotations()[f"alb.ingress.kubernetes.io/{group}-attributes"]
        return dict(pair.split("=", 1) for pair in text.split(","))[name]


def quantity(text: str) -> float:
    """CPUs, or bytes."""
    number, unit = re.fullmatch(r"([0-9.]+)(m|Mi|Gi|)", str(text)).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]
