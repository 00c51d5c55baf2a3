"""A cluster of this machine's own: a control plane and a node, in a network namespace that goes with it.

Debian as root, with containerd, runc, the CNI plugins, iptables and Go. Nothing of it listens outside the namespace, so
what talks to it runs inside: `Reach.command` says how. It stops in order: pods, then the node, then the rest.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from local.child import Child, wait_until
from local.deploy.chart.programs import NotHere
from local.deploy.cluster import build, settings
from local.deploy.cluster.certificates import Authority, Pair, signing_key
from local.deploy.cluster.settings import ClusterFiles

PROGRAMS = ("ip", "nsenter", "containerd", "ctr", "runc", "iptables", "conntrack", "socat", "mount")
PLUGINS = Path("/usr/lib/cni")
START_SECONDS = 90.0
STOP_SECONDS = 20.0
NAMESPACE = "crossover-cluster"


class Reach(NamedTuple):
    """How a cluster is reached: its kubeconfig, and what a command line begins with to be in its network."""

    kubeconfig: Path
    prefix: tuple[str, ...] = ()
    node: str = ""
    """The node that tests may drain, where the cluster is the tests' own."""

    def command(self, *arguments: str) -> list[str]:
        """Return a command line that runs in the cluster's network."""
        return [*self.prefix, *arguments]


def require() -> None:
    """Raise `NotHere` where this machine cannot run a cluster of its own."""
    if os.name != "posix" or os.uname().sysname != "Linux" or os.geteuid() != 0:
        raise NotHere("a cluster of one's own needs Linux and root; or name one in KUBECONFIG (kind, k3d, EKS)")
    path = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    lacking = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if lacking or not PLUGINS.is_dir():
        raise NotHere(
            "apt-get install --no-install-recommends containerd runc containernetworking-plugins iptables conntrack "
            f"socat iproute2 (missing: {', '.join(lacking) or 'CNI plugins'}); or name a cluster in KUBECONFIG"
        )
    if build.missing(build.folder()) and shutil.which("go") is None:
        raise NotHere("the cluster's programs are built by Go 1.24 or newer; or name a cluster in KUBECONFIG")


@contextlib.contextmanager
def own_cluster(images: Path, work: Path) -> Iterator[Reach]:
    """Run a cluster of one node.

    Args:
        images: An archive of `docker save` with what pods run, and the image `settings.PAUSE`.
        work: An empty folder for its state and logs; the logs stay.

    Raises:
        NotHere: This machine cannot run one.
        NotReadyError: A program did not start; its log is in `work`.
    """
    require()
    programs = build.folder()
    build.build(programs)
    _clear(work)
    with tempfile.TemporaryDirectory(prefix="crossover-") as sockets:
        files = ClusterFiles(programs, work, Path(sockets))
        _write(files)
        _make_network()
        starting = _Programs(files)
        try:
            starting.control_plane()
            starting.node(images)
            yield Reach(Path(files.config("admin")), _inside(), settings.NODE)
        finally:
            starting.stop()
            _clear(work)


class _Programs:
    """The cluster's processes, in the order in which they were started."""

    def __init__(self, files: ClusterFiles) -> None:
        self._files = files
        self._children: list[tuple[str, Child]] = []

    def control_plane(self) -> None:
        """Start store, API server, controllers and scheduler."""
        files = self._files
        self._start("etcd", settings.etcd(files))
        self._start("api-server", settings.api_server(files))
        self._wait("api-server", lambda: self._asks("get", "--raw=/readyz"))
        self._start("controllers", settings.controller_manager(files))
        self._start("scheduler", settings.scheduler(files))

    def node(self, images: Path) -> None:
        """Start runtime, kubelet, service proxy and metrics."""
        files = self._files
        self._start("containerd", settings.containerd(files))
        self._wait("containerd", lambda: files.sockets.joinpath("containerd.sock").exists())
        self._ctr("images", "import", str(images))
        self._start("kubelet", settings.kubelet(files))
        self._start("proxy", settings.proxy(files))
        self._start("metrics", settings.metrics_server(files))
        self._kubectl("apply", "-f", "-", text=settings.METRICS_API)
        ready = "--for=condition=Ready", f"node/{settings.NODE}", "--timeout=1s"
        self._wait("kubelet", lambda: self._asks("wait", *ready))

    def stop(self) -> None:
        """Stop pods, then the node, then the rest."""
        with contextlib.suppress(subprocess.SubprocessError):
            namespaces = self._kubectl("get", "namespaces", "-o", "name").split()
            own = [name for name in namespaces if not name.startswith(("namespace/kube-", "namespace/default"))]
            if own:
                self._kubectl("delete", *own, "--wait=true", "--timeout=60s")
        for name, child in reversed(self._children):
            if name == "containerd":
                _end_containers(self._files)
            child.stop(signal.SIGTERM, STOP_SECONDS)
        self._children.clear()

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self._files.work / f"{name}.log").open("wb") as log:
            environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"}
            child = Child([*_inside(), *command], env=environment, output=log)
        self._children.append((name, child))

    def _wait(self, name: str, is_ready: object) -> None:
        child = next(child for child_name, child in self._children if child_name == name)
        assert callable(is_ready)  # noqa: S101
        child.wait_until_ready(is_ready, START_SECONDS)

    def _asks(self, *arguments: str) -> bool:
        try:
            self._kubectl(*arguments)
        except subprocess.SubprocessError:
            return False
        return True

    def _kubectl(self, *arguments: str, text: str | None = None) -> str:
        command = [*_inside(), _kubectl(), "--kubeconfig", self._files.config("admin"), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=90)
        return done.stdout

    def _ctr(self, *arguments: str) -> None:
        subprocess.run(_ctr_command(self._files, *arguments), capture_output=True, check=True, timeout=300)


def _kubectl() -> str:
    from local.deploy.chart.programs import kubectl

    return str(kubectl())


def _inside() -> tuple[str, ...]:
    # Not `ip netns exec`, which mounts another /sys, without the control groups.
    return ("nsenter", f"--net=/run/netns/{NAMESPACE}")


def _ctr_command(files: ClusterFiles, *arguments: str) -> list[str]:
    return ["ctr", "--address", files.containerd, "--namespace", "k8s.io", *arguments]


def _write(files: ClusterFiles) -> None:
    """Write certificates, kubeconfigs and settings."""
    authority = Authority()
    addresses = ("127.0.0.1", settings.NODE_ADDRESS, settings.API_SERVICE, "localhost", settings.NODE)
    pairs = {
        "server": authority.issue("server", addresses=addresses),
        "admin": authority.issue("admin", ("system:masters",)),
        "front-proxy": authority.issue("front-proxy"),
        "kubelet": authority.issue(f"system:node:{settings.NODE}", ("system:nodes",)),
    }
    texts: dict[str, str | bytes] = {"ca.pem": authority.certificate, "accounts.key": signing_key()}
    for name, pair in pairs.items():
        texts |= {f"{name}.pem": pair.certificate, f"{name}.key": pair.key}
    texts |= {f"{name}.kubeconfig": _config(authority, pairs[name]) for name in ("admin", "kubelet")}
    texts |= {
        "containerd.toml": settings.containerd_config(files),
        "kubelet.json": settings.kubelet_config(files),
        "cni/10-pods.conflist": settings.cni_config(files),
    }
    for name, text in texts.items():
        path = files.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)


def _config(authority: Authority, user: Pair) -> str:
    return settings.kubeconfig(authority.certificate, user)


def _make_network() -> None:
    """Make the namespace with its loopback and the pods' bridge."""
    bridge = settings.BRIDGE
    lines = [
        ["ip", "netns", "add", NAMESPACE],
        [*_inside(), "ip", "link", "set", "lo", "up"],
        [*_inside(), "ip", "link", "add", bridge, "type", "bridge"],
        [*_inside(), "ip", "address", "add", f"{settings.NODE_ADDRESS}/24", "dev", bridge],
        [*_inside(), "ip", "link", "set", bridge, "up"],
        # The kubelet and others look for the address of the default route.
        [*_inside(), "ip", "route", "add", "default", "dev", bridge],
        [*_inside(), "sysctl", "-qw", "net.ipv4.ip_forward=1"],
    ]
    for line in lines:
        subprocess.run(line, check=True, capture_output=True)


def _clear(work: Path) -> None:
    """Remove what a cluster leaves, this one or one whose process was killed; its logs stay."""
    for pid in _shims(work):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not list(_shims(work)), 5)
    for mount in sorted(_mounts(work), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mount], capture_output=True)
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True)
    if work.is_dir():
        for path in work.iterdir():
            if path.suffix != ".log":
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    work.mkdir(parents=True, exist_ok=True)
    _remove_groups()


def _shims(work: Path) -> Iterator[int]:
    """Yield the processes that keep containers of a cluster in this folder."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"containerd-shim" in words[0] and str(work).encode() in (process / "environ").read_bytes():
                    yield int(process.name)


def _mounts(work: Path) -> list[str]:
    """Return what is mounted below a folder, or below the runtime folders of this program."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split()[1].startswith((f"{work}/", "/tmp/crossover-"))]  # noqa: S108


def _end_containers(files: ClusterFiles) -> None:
    """Kill what still runs in containers, after the kubelet has gone."""
    listed = subprocess.run(_ctr_command(files, "tasks", "list", "-q"), capture_output=True, text=True)
    for task in listed.stdout.split():
        subprocess.run(_ctr_command(files, "tasks", "kill", "--signal", "SIGKILL", task), capture_output=True)
    deadline = time.monotonic() + STOP_SECONDS
    for task in listed.stdout.split():
        while time.monotonic() < deadline:
            if not subprocess.run(_ctr_command(files, "tasks", "delete", task), capture_output=True).returncode:
                break
            time.sleep(0.1)


def _remove_groups() -> None:
    """Remove the control groups of the pods, from the leaves up; those with processes stay."""
    for top in Path("/sys/fs/cgroup").glob("*/kubepods"):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
