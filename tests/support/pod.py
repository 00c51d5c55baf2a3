"""A container of the image, as restricted as a pod is."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.deploy.docker import Docker, EngineError

RESTRICTED = (
    *("--read-only", "--user", "10001:10001", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "256m", "--memory-swap", "256m", "--cpus", "1"),
)
START_SECONDS = 60
STOP_SECONDS = 30
"""From SIGTERM to SIGKILL, Kubernetes' default."""
INSIDE = Path(__file__).with_name("inside_a_pod.py")
CGROUP = Path("/sys/fs/cgroup")
MEMORY_NOW = (CGROUP / "memory.current", CGROUP / "memory/memory.usage_in_bytes")
MEMORY_PEAK = (CGROUP / "memory.peak", CGROUP / "memory/memory.max_usage_in_bytes")
"""The files of control groups version 2 and version 1."""


class Memory(NamedTuple):
    """What a pod uses, in bytes: its first process alone, and the whole control group, file pages included."""

    rss: int
    peak_rss: int
    group: int | None
    group_peak: int | None


class Start(NamedTuple):
    """From `docker run` to the first 200 of /readyz: seconds of the clock, and of CPU time inside."""

    seconds: float
    cpu_seconds: float | None


class Pod:
    """A running container, its address on this machine, and its start."""

    def __init__(self, docker: Docker, name: str, address: str, seconds: float) -> None:
        self._docker = docker
        self.name = name
        self.address = address
        self.port = urlsplit(address).port or 0
        self.start = Start(round(seconds, 2), self._cpu_seconds())

    def inside(self) -> dict[str, Any]:
        """What `inside_a_pod.py` finds."""
        found: dict[str, Any] = json.loads(self._docker.ask("exec", self.name, "python3", "-c", INSIDE.read_text()))
        return found

    def memory(self) -> Memory:
        """What it uses now and has used at most. Raises `EngineError`."""
        status = self._docker.ask("exec", self.name, "cat", "/proc/1/status")
        rss, peak = (int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return Memory(rss, peak, self._number(MEMORY_NOW), self._number(MEMORY_PEAK))

    def stop(self) -> int:
        """Send SIGTERM, and SIGKILL if that does not end it in time; return the exit status."""
        self._docker.ask("stop", "-t", str(STOP_SECONDS), self.name)
        return int(self._docker.ask("inspect", "--format", "{{.State.ExitCode}}", self.name))

    def log(self) -> str:
        """All that it has written."""
        return self._docker.logs(self.name)

    def _cpu_seconds(self) -> float | None:
        usage = re.search(r"usage_usec (\d+)", self._read(CGROUP / "cpu.stat"))
        nanoseconds = int(usage[1]) * 1000 if usage else self._number([CGROUP / "cpuacct/cpuacct.usage"])
        return None if nanoseconds is None else round(nanoseconds / 1e9, 2)

    def _number(self, paths: Sequence[Path]) -> int | None:
        texts = [self._read(path) for path in paths]
        return next((int(text) for text in texts if text.isdigit()), None)

    def _read(self, path: Path) -> str:
        """A file of the pod; empty where it has none."""
        try:
            return self._docker.ask("exec", self.name, "cat", str(path))
        except EngineError:
            return ""


@contextlib.contextmanager
def running_pod(docker: Docker, image: str, settings: Mapping[str, str], data: Path) -> Iterator[Pod]:
    """Run the image with these settings until the block ends; it is ready when the block begins.

    `data` is mounted on /data, read-only. Raises `EngineError` where it does not become ready.
    """
    variables = [argument for name, value in settings.items() for argument in ("--env", f"{name}={value}")]
    options = ("--volume", f"{data.absolute()}:/data:ro", *variables, "--publish", "127.0.0.1:0:8080")
    begun = time.monotonic()
    name = docker.ask("run", "--detach", *RESTRICTED, *options, image)[:12]
    try:
        address = "http://" + docker.ask("port", name, "8080/tcp").splitlines()[0]
        while not _ready(address):
            running = docker.ask("inspect", "-f", "{{.State.Running}}", name) == "true"
            if not running or time.monotonic() - begun > START_SECONDS:
                raise EngineError(f"the pod did not become ready: {docker.logs(name)[-600:]}")
            time.sleep(0.01)
        yield Pod(docker, name, address, time.monotonic() - begun)
    finally:
        with contextlib.suppress(EngineError):
            docker.ask("rm", "--force", name)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5):
            return True
    except OSError:
        return False
