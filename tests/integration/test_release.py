"""Releases of an environment's cluster by a real helm, as far as that goes without EKS."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from local.child import free_port
from local.deploy.account import release
from local.deploy.chart import programs
from local.errors import UserError


class ClosedClusterSession(boto3.Session):
    """A session whose EKS knows one cluster, at an address where nothing listens."""

    described: list[str]

    def client(self, service_name: str, *arguments: Any, **options: Any) -> Any:
        """Return itself for EKS, and boto3's client of any other service."""
        if service_name != "eks":
            return super().client(service_name, *arguments, **options)  # type: ignore[call-overload]
        return self

    def describe_cluster(self, name: str) -> dict[str, Any]:
        """Describe the cluster, and keep which one was asked for."""
        self.described = [*getattr(self, "described", []), name]
        authority = {"data": ""}
        return {"cluster": {"endpoint": f"https://127.0.0.1:{free_port()}", "certificateAuthority": authority}}


def test_a_release_is_uninstalled_by_the_name_of_its_environment_alone() -> None:
    try:
        programs.helm()
    except programs.NotHere as problem:
        pytest.skip(f"NOT RUN: {problem}")
    session = ClosedClusterSession("key", "secret", region_name="us-east-1")
    said: list[str] = []
    with pytest.raises(UserError, match=r"helm: .*127\.0\.0\.1"):
        release.uninstall(session, "old", said.append)
    assert session.described == ["old-crossover"]
    assert said == ["helm: uninstalling crossover"]
