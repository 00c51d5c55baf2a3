"""A release of the chart in a real cluster: changed, loaded, and what was lost counted."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.child import Child, free_port, wait_until
from local.deploy.chart import programs
from local.deploy.chart.manifests import CHART
from local.deploy.cluster.own import Reach
from local.paths import ROOT

NAMESPACE = RELEASE = "crossover"
RATE = 50
"""Requests/s of a load: the cluster shares two cores with its load."""
CROSSOVER = str(Path(sys.executable).with_name("crossover"))


@dataclass(frozen=True)
class Counted:
    """What became of the requests of a load."""

    asked: int
    right: int
    wrong: int
    errors: Mapping[str, int]

    @property
    def lost(self) -> int:
        """Requests without a right answer."""
        return self.asked - self.right


@dataclass
class Release:
    """The release and the cluster that it is in."""

    reach: Reach
    values: tuple[str, ...]

    def kubectl(self, *arguments: str, text: str | None = None, seconds: float = 180) -> str:
        """Run kubectl in the release's namespace and return what it prints."""
        command = [str(programs.kubectl()), "--kubeconfig", str(self.reach.kubeconfig), "--namespace", NAMESPACE]
        return _run(self.reach.command(*command, *arguments), text, seconds)

    def helm(self, *arguments: str) -> str:
        """Run helm in the release's namespace and return what it prints."""
        command = [str(programs.helm()), "--kubeconfig", str(self.reach.kubeconfig), "--namespace", NAMESPACE]
        return _run(self.reach.command(*command, *arguments), None, 300)

    def upgrade(self, *more: str, wait: bool = True, seconds: int = 120) -> str:
        """Install or upgrade the release with its values and others."""
        waiting = ("--wait", "--timeout", f"{seconds}s") if wait else ()
        return self.helm("upgrade", "--install", RELEASE, str(CHART), *self.values, *more, *waiting)

    def get(self, *arguments: str) -> Any:
        """Return what the API server has, as values."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def pods(self, service: str) -> list[dict[str, Any]]:
        """Return the pods of a service."""
        found: list[dict[str, Any]] = self.get("pods", "-l", f"app.kubernetes.io/component={service}")["items"]
        return found

    def serving(self, service: str) -> list[str]:
        """Return the names of a service's pods that are ready and stay."""
        return [
            pod["metadata"]["name"]
            for pod in self.pods(service)
            if "deletionTimestamp" not in pod["metadata"]
            and any(
                each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ())
            )
        ]

    def replicas(self, service: str) -> int:
        """Return how many pods a service shall have."""
        return int(self.get("deployment", f"{RELEASE}-{service}")["spec"]["replicas"])

    def await_settled(self, service: str, pods: int = 2) -> None:
        """Wait until a service has exactly so many pods and all of them serve."""
        assert wait_until(lambda: len(self.serving(service)) == pods == len(self.pods(service)), 120), self.pods(
            service
        )

    def smoke(self, service: str) -> tuple[int, str]:
        """Smoke-test a service through a port forward; return the exit status and what was printed."""
        port = free_port()
        command = [str(programs.kubectl()), "--kubeconfig", str(self.reach.kubeconfig), "--namespace", NAMESPACE]
        command += ["port-forward", f"service/{RELEASE}-{service}", f"{port}:8080"]
        forward = Child(self.reach.command(*command), output=subprocess.DEVNULL)
        try:
            ask = self.reach.command(CROSSOVER, "smoke", f"http://127.0.0.1:{port}", "--service", service)
            done: list[subprocess.CompletedProcess[str]] = []

            def asked() -> bool:
                done[:] = [subprocess.run(ask, capture_output=True, text=True, cwd=ROOT, timeout=60)]
                return "no connection" not in done[0].stdout

            wait_until(asked, 30)
            return done[0].returncode, done[0].stdout
        finally:
            forward.stop()

    @contextlib.contextmanager
    def load(self, service: str, seconds: float, rate: float = RATE) -> Iterator[Callable[[], Counted]]:
        """Load a service at its cluster address while the block runs; then call what is given for the count."""
        address = self.get("service", f"{RELEASE}-{service}")["spec"]["clusterIP"]
        command = [CROSSOVER, "load", f"http://{address}:8080", "--service", service, "--rate", str(rate), "--remote"]
        command += ["--seconds", str(seconds), "--behaviour", "--connections", "20", "--timeout", "10", "--json"]
        child = Child(self.reach.command(*command), cwd=ROOT, output=subprocess.PIPE)
        try:

            def counted() -> Counted:
                assert child.stdout is not None
                data = json.loads(child.stdout.read())
                child.wait(60)
                return Counted(data["asked"], data["right"], data["wrong"], data["errors"])

            yield counted
        finally:
            child.stop()


def _run(command: list[str], text: str | None, seconds: float) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout
