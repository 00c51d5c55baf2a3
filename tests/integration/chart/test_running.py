"""A pod's own process, started with the variables of the manifests."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from crossover.runner import InlineRunner
from functions import registry
from local.load.api import LoadPlan, run
from local.workloads.mix import mixed
from tests.support.cluster import Cluster, quantity
from tests.support.server import Server, running_server


def variables(cluster: Cluster, service: str) -> dict[str, str]:
    """A pod's variables but its address, which a machine with many pods cannot give to each."""
    literals = {name: value for name, value in cluster.environ(service).items() if isinstance(value, str)}
    return {name: value for name, value in literals.items() if name not in ("HOST", "PORT")}


def peak_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def test_a_pod_answers_its_probes_and_its_service_and_ends_within_its_grace(nodes: Cluster) -> None:
    container, pod = nodes.container("qrcode"), nodes.template("qrcode")["spec"]
    with running_server(**variables(nodes, "qrcode")) as server:
        for probe in ("startup", "liveness", "readiness"):
            assert server.get(container[f"{probe}Probe"]["httpGet"]["path"])[0] == 200
        assert server.get("/qrcode?type=encode&data=CC%20Team")[0] == 200
        assert server.get("/twitter?user_id=1")[0] == 404
        left = pod["terminationGracePeriodSeconds"] - container["lifecycle"]["preStop"]["sleep"]["seconds"]
        server.process.send_signal(signal.SIGTERM)
        # Draining: the load balancer sees it, and requests are still answered.
        deadline = time.monotonic() + left
        while server.get(container["readinessProbe"]["httpGet"]["path"])[0] == 200:
            assert time.monotonic() < deadline
        assert server.get("/qrcode?type=encode&data=CC%20Team")[0] == 200
        assert server.process.wait(timeout=left) in (0, -signal.SIGTERM)


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="NOT RUN: peak memory is read from /proc: run it on Linux")
@pytest.mark.parametrize("service", [each.name for each in registry.load() if not each.stored])
def test_under_load_a_pod_stays_within_the_memory_that_it_asks_for(nodes: Cluster, service: str) -> None:
    (known,) = registry.load([service])
    asked = mixed(known, 2_000, 7, InlineRunner())
    with running_server(**variables(nodes, service)) as server:
        plan = LoadPlan(mix={service: 1}, requests=20_000, connections=500, timeout=60, behaviour=True)
        assert run(plan, server.address, asked).all_right
        assert peak_bytes(server) < quantity(nodes.container(service)["resources"]["requests"]["memory"])
