"""Builds the programs of a cluster from their Go modules, once: `python -m local.deploy.cluster.build`.

The versions are pinned by programs/go.mod and every module by its checksum in programs/go.sum. What is built lies in
the user's cache folder, since it is the same for every clone; a program that is there already is not built again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from local.console import error_line, stderr
from local.errors import UserError
from local.paths import CACHE
from local.program import run_program

MODULE = Path(__file__).with_name("programs")
PROGRAMS: Mapping[str, str] = {
    "pause": "./pause",
    "etcd": "./etcd",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
}
"""What is built, by its file's name: its package in the module."""
VERSION_PACKAGE = "k8s.io/component-base/version"
PROGRAM_SECONDS = 3600
"""For one program, compiled at the lowest priority beside whatever else runs; alone it takes minutes."""


def folder() -> Path:
    """Return where the programs of these pins are kept."""
    content = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum", "pause/main.go", "etcd/main.go"))
    return CACHE / f"cluster-{hashlib.sha256(content).hexdigest()[:16]}"


def missing(programs: Path) -> list[str]:
    """Return the programs that are not in a folder yet."""
    return [name for name in PROGRAMS if not (programs / name).is_file()]


def version(module: str) -> str:
    """Return Kubernetes' version of a go.mod's text, `v1.34.2` for instance."""
    match = re.search(r"^\s*k8s\.io/kubernetes (v[0-9.]+)", module, re.MULTILINE)
    if match is None:
        raise ValueError("go.mod does not require k8s.io/kubernetes")
    return match[1]


def linker_flags(release: str) -> str:
    """Return what puts a version into the programs: without it they name a placeholder, which Helm refuses."""
    major, minor, _ = release.removeprefix("v").split(".")
    values = {"gitVersion": release, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s", "-w", *(f"-X {VERSION_PACKAGE}.{name}={value}" for name, value in values.items())])


def build(programs: Path) -> None:
    """Build what is missing, at the lowest priority. Raises `UserError` where Go is missing or cannot build it."""
    wanted = missing(programs)
    if not wanted:
        return
    if shutil.which("go") is None:
        raise UserError("the cluster's programs are built by Go: install Go 1.24 or newer (https://go.dev/doc/install)")
    programs.mkdir(parents=True, exist_ok=True)
    flags = linker_flags(version((MODULE / "go.mod").read_text()))
    environment = {**os.environ, "CGO_ENABLED": "0"}
    stderr.print(f"crossover: building {len(wanted)} programs of Kubernetes, once; a quarter of an hour on two CPUs")
    for name in wanted:
        started = time.monotonic()
        beside = programs / f".{name}.{os.getpid()}"
        command = ["nice", "-n", "19", "go", "build", "-trimpath", "-ldflags", flags, "-o", str(beside), PROGRAMS[name]]
        try:
            done = run_program(command, PROGRAM_SECONDS, cwd=MODULE, env=environment)
            if done.returncode:
                raise UserError(f"go cannot build {name}: {' '.join(done.stderr.split())[-600:]}")
            beside.rename(programs / name)
        finally:
            beside.unlink(missing_ok=True)
        stderr.print(f"  {name}: {time.monotonic() - started:.0f} s")


def main() -> int:
    """Build what is missing, print the folder, and return the exit status."""
    try:
        build(folder())
    except UserError as problem:
        error_line(str(problem))
        return 2
    print(folder())  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
