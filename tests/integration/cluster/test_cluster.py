"""A release in a real Kubernetes: admitted, ready, right, and changed under load with every request counted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.child import wait_until
from tests.support.release import RATE, RELEASE, Counted, Release

# Without the fixtures: the first test's build the cluster's programs, once, for as long as the machine takes.
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900, func_only=True)]
Record = Callable[[str, Counted, str], None]
SERVICES = ("qrcode", "blockchain", "twitter")
BUSY_PERCENT, BUSY_RATE, QUIET_RATE = 15, 400, 4
"""Where the autoscaler's trial adds a pod, in per cent of the CPU request, and requests/s of two pods above and below.

A request of qrcode takes 0.14 ms of CPU and more: 200/s are 28 % of 0.1 CPU.
"""
READ_SECONDS = 2.0
"""Between two readings of its status."""


def processes_of(pod: str) -> list[int]:
    """The server processes of a pod, where the node is this machine."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                environ = (process / "environ").read_bytes().split(b"\0")
                if f"HOSTNAME={pod}".encode() in environ and b"container" in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
    return found


def scaling(release: Release) -> object:
    """What the autoscaler of qrcode sees and says."""
    return release.get("hpa", f"{RELEASE}-qrcode")["status"]


class ScalingWatch(threading.Thread):
    """Reads the status of qrcode's autoscaler again and again, as `local.simulate.hpa_replay.HpaSeries` has it."""

    def __init__(self, release: Release) -> None:
        super().__init__(daemon=True)
        self._release = release
        self._ended = threading.Event()
        self.rate = 0.0
        self.rows: list[dict[str, Any]] = []

    def run(self) -> None:
        names = (f"hpa/{RELEASE}-qrcode", f"deployment/{RELEASE}-qrcode")
        while not self._ended.wait(READ_SECONDS):
            hpa, deployment = (one["status"] for one in self._release.get(*names)["items"])
            metrics = hpa.get("currentMetrics") or [{}]
            reading = {
                "s": round(time.monotonic(), 1),
                "rate": self.rate,
                "desired": hpa["desiredReplicas"],
                "current": hpa["currentReplicas"],
                "ready": deployment.get("readyReplicas", 0),
                "percent": metrics[0].get("resource", {}).get("current", {}).get("averageUtilization"),
            }
            self.rows.append(reading)

    def series(self) -> dict[str, Any]:
        """End, and return the settings and readings."""
        self._ended.set()
        self.join()
        spec = self._release.get("hpa", f"{RELEASE}-qrcode")["spec"]
        began = self.rows[0]["s"]
        return {
            "target": spec["metrics"][0]["resource"]["target"]["averageUtilization"],
            "minimum": spec["minReplicas"],
            "maximum": spec["maxReplicas"],
            "up_seconds": spec["behavior"]["scaleUp"].get("stabilizationWindowSeconds", 0),
            "down_seconds": spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"],
            "rows": [row | {"s": round(row["s"] - began, 1)} for row in self.rows],
        }


@pytest.fixture(autouse=True)
def settled(release: Release) -> None:
    """Each test begins with two pods of each service that serve, and none that goes."""
    for service in SERVICES:
        release.await_settled(service)


def test_every_object_is_admitted_without_a_warning_and_every_pod_is_ready(release: Release) -> None:
    done = release.upgrade()
    assert "STATUS: deployed" in done
    assert "warning" not in done.lower()
    for service in SERVICES:
        for pod in release.pods(service):
            assert all(each["ready"] and each["restartCount"] == 0 for each in pod["status"]["containerStatuses"])


@pytest.mark.parametrize("service", SERVICES)
def test_smoke_through_a_port_forward_finds_every_answer_right(release: Release, service: str) -> None:
    status, printed = release.smoke(service)
    assert status == 0, printed


def test_a_rollout_under_load_loses_nothing(release: Release, record: Record) -> None:
    before = set(release.serving("qrcode"))
    with release.load("qrcode", 40) as counted:
        time.sleep(3)
        release.kubectl("rollout", "restart", f"deployment/{RELEASE}-qrcode")
        release.kubectl("rollout", "status", f"deployment/{RELEASE}-qrcode", "--timeout=60s")
        result = counted()
    assert not before & set(release.serving("qrcode"))
    record("rollout of qrcode", result, "both pods replaced, the old ones gone after their drain")
    assert result.lost == 0, result


def test_a_rollback_under_load_loses_nothing(release: Release, record: Record) -> None:
    release.upgrade("--set-string", "pods.settings.TEAM_NAME=Other")
    for service in SERVICES:
        release.await_settled(service)
    with release.load("blockchain", 40) as counted:
        time.sleep(3)
        release.helm("rollback", RELEASE, "--wait", "--timeout", "120s")
        result = counted()
    record("helm rollback, seen by blockchain", result, "the revision before serves again")
    # The first line of an answer has the team's name: answers of either revision are right in all else.
    assert result.asked == result.right + result.wrong, result
    assert not result.errors, result


def test_a_pod_that_is_deleted_under_load_loses_nothing(release: Release, record: Record) -> None:
    gone, _ = release.serving("qrcode")
    with release.load("qrcode", 40) as counted:
        time.sleep(3)
        release.kubectl("delete", "pod", gone)
        result = counted()
    assert gone not in release.serving("qrcode")
    record("kubectl delete pod of qrcode", result, "the other pod answers, another one is started")
    assert result.lost == 0, result


def test_a_drained_node_keeps_the_last_pod_of_every_service(release: Release, record: Record) -> None:
    node = release.pods("qrcode")[0]["spec"]["nodeName"]
    if node != release.reach.node:
        pytest.skip("NOT RUN: the node is not the tests' own to drain")
    try:
        with release.load("qrcode", 45) as counted:
            time.sleep(3)
            with pytest.raises(subprocess.CalledProcessError):
                release.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s")
            assert [len(release.serving(service)) for service in SERVICES] == [1, 1, 1]
            release.kubectl("uncordon", node)
            result = counted()
    finally:
        release.kubectl("uncordon", node)
    record("kubectl drain of the only node, then uncordon", result, "one pod of each service stayed, by its budget")
    assert result.lost == 0, result


def test_an_image_that_is_not_there_takes_no_pod_away(release: Release, record: Record) -> None:
    before = set(release.serving("qrcode"))
    with release.load("qrcode", 25) as counted:
        with pytest.raises(subprocess.CalledProcessError):
            release.upgrade("--set", "image.tag=nosuch", seconds=12)
        assert before <= set(release.serving("qrcode"))
        release.helm("rollback", RELEASE, "--wait", "--timeout", "120s")
        result = counted()
    record("helm upgrade to an image that is not there", result, "--wait failed, the old pods served on")
    assert result.lost == 0, result


def test_a_setting_that_cannot_be_used_takes_no_pod_away(release: Release, record: Record) -> None:
    before = set(release.serving("qrcode"))
    with release.load("qrcode", 35) as counted:
        # The schema refuses a wrong setting; this variable is Python's own, and ends the process at its start.
        environment = [{"name": "PYTHONHOME", "value": "/nonexistent"}]
        with pytest.raises(subprocess.CalledProcessError):
            release.upgrade("--set-json", f"services.qrcode.extraEnv={json.dumps(environment)}", seconds=12)
        assert before <= set(release.serving("qrcode"))
        release.helm("rollback", RELEASE, "--wait", "--timeout", "120s")
        result = counted()
    record("helm upgrade to a setting that ends the process", result, "--wait failed, the old pods served on")
    assert result.lost == 0, result


def test_the_autoscaler_adds_a_pod_under_load_and_takes_it_away_again(
    release: Release, record: Record, keep_data: Callable[[str, Any], None]
) -> None:
    try:
        release.kubectl("get", "--raw=/apis/metrics.k8s.io/v1beta1/nodes")
    except subprocess.CalledProcessError:
        pytest.skip("NOT RUN: the cluster has no metrics-server")
    scaled = {"cpuPercent": BUSY_PERCENT, "max": 3, "downSeconds": 15}
    release.upgrade("--set-json", f"services.qrcode.autoscaling={json.dumps(scaled)}")
    release.await_settled("qrcode")
    watch = ScalingWatch(release)
    watch.start()
    try:
        watch.rate = BUSY_RATE
        with release.load("qrcode", 90, rate=BUSY_RATE) as counted:
            assert wait_until(lambda: len(release.serving("qrcode")) == 3, 85), scaling(release)
            up = counted()
        record("the autoscaler adds a pod of qrcode", up, f"at {BUSY_RATE} requests/s: from two pods to three")
        watch.rate = QUIET_RATE
        with release.load("qrcode", 150, rate=QUIET_RATE) as counted:
            assert wait_until(lambda: release.replicas("qrcode") == 2, 145), scaling(release)
            down = counted()
        record("the autoscaler takes it away", down, f"at {QUIET_RATE} requests/s: back to two pods")
        keep_data("autoscaler", watch.series())
    finally:
        release.helm("rollback", RELEASE, "--wait", "--timeout", "120s")
    assert (up.lost, down.lost) == (0, 0), (up, down)


def test_the_schema_refuses_a_setting_that_is_none_before_anything_changes(release: Release) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        release.upgrade("--set", "pods.settings.WORKRS=2")
    assert "WORKRS" in refused.value.stderr


def test_a_process_that_is_killed_is_started_again_and_the_other_pod_answers(release: Release, record: Record) -> None:
    victim, _ = release.serving("qrcode")
    processes = processes_of(victim)
    if not processes:
        pytest.skip("NOT RUN: the pods' processes are on another machine")
    with release.load("qrcode", 20) as counted:
        time.sleep(3)
        for process in processes:
            os.kill(process, signal.SIGKILL)
        result = counted()
    assert wait_until(lambda: len(release.serving("qrcode")) == 2, 60)
    (status,) = next(pod for pod in release.pods("qrcode") if pod["metadata"]["name"] == victim)["status"][
        "containerStatuses"
    ]
    assert status["restartCount"] == 1
    record("SIGKILL to a pod's process", result, "the container was started again; what it had in flight is lost")
    # Until its container is up again, new connections to it are refused: some seconds of its half of the requests.
    assert result.wrong == 0
    assert result.lost < 5 * RATE, result
