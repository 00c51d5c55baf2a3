"""Each values file is rendered once."""

from __future__ import annotations

import functools

import httpx
import pytest

from container.app import build
from container.settings import ContainerSettings
from local.deploy.chart import manifests, programs
from tests.support.cluster import Cluster


@functools.cache
def _rendered(values: str) -> Cluster:
    return Cluster(manifests.objects(manifests.render(values)))


@pytest.fixture(scope="session")
def helm() -> None:
    """helm is here."""
    try:
        programs.helm()
    except programs.NotHere as problem:
        pytest.skip(f"NOT RUN: the chart is not rendered: {problem}")


@pytest.fixture(params=manifests.PLATFORMS)
def cluster(request: pytest.FixtureRequest, helm: None) -> Cluster:
    """Each platform's manifests in turn."""
    return _rendered(request.param)


@pytest.fixture(params=("nodes", "fargate"))
def production(request: pytest.FixtureRequest, helm: None) -> Cluster:
    """The manifests of the platforms that people are served from."""
    return _rendered(request.param)


@pytest.fixture
def nodes(helm: None) -> Cluster:
    """A managed node group's."""
    return _rendered("nodes")


@pytest.fixture
def fargate(helm: None) -> Cluster:
    """Fargate's."""
    return _rendered("fargate")


@pytest.fixture
def laptop(helm: None) -> Cluster:
    """A laptop's."""
    return _rendered("laptop")


@pytest.fixture
async def answered() -> set[str]:
    """The paths that the container's application has."""
    application = build([], ContainerSettings(), {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://pod") as client:
        return set((await client.get("/openapi.json")).json()["paths"])
