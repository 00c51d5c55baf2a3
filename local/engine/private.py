"""A container engine for one check: private data, a private socket, no network rules, ended with the check."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from local.paths import ROOT

FOLDER = ROOT / ".build" / "engine"
"""What the engine keeps: a second check finds the base image made."""
SUBNET = "172.30.99.1/24"
START_SECONDS = 30


class NoEngine(RuntimeError):
    """This machine cannot run one. The message is one line that says what to do."""


def require() -> None:
    """Raises `NoEngine` where something is missing."""
    missing = [tool for tool in ("dockerd", "iptables", "debootstrap", "docker") if shutil.which(tool) is None]
    if missing or os.name != "posix" or os.geteuid() != 0:
        raise NoEngine(
            "a container engine is missing; root on Debian starts one of its own after "
            "apt-get install --no-install-recommends docker.io iptables debootstrap"
        )


@contextlib.contextmanager
def running(folder: Path = FOLDER) -> Iterator[str]:
    """Starts the engine with its data in `folder`; gives its address for `DOCKER_HOST`. Ends it afterwards."""
    folder = folder.absolute()  # given a relative folder, dockerd spins for ever
    folder.mkdir(parents=True, exist_ok=True)
    socket = Path("/run") / f"crossover-{os.getpid()}.sock"
    inner = Path("/run") / f"crossover-{os.getpid()}"
    address = f"unix://{socket}"
    arguments = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(inner)]
    arguments += ["--pidfile", str(folder / "pid"), "-H", address, "--storage-driver=overlay2", "--iptables=false"]
    arguments += ["--ip6tables=false", "--ip-forward=false", "--ip-masq=false", f"--bip={SUBNET}"]
    with (folder / "engine.log").open("wb") as log:
        engine = subprocess.Popen(arguments, stdout=log, stderr=log, start_new_session=True)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not socket.exists() or not _answers(address):
                if engine.poll() is not None or time.monotonic() > deadline:
                    raise NoEngine(f"dockerd did not start; {folder / 'engine.log'} says why")
                time.sleep(0.2)
            yield address
        finally:
            engine.terminate()
            try:
                engine.wait(timeout=30)
            except subprocess.TimeoutExpired:
                engine.kill()
                engine.wait()  # what it uses is removed only then
            socket.unlink(missing_ok=True)
            shutil.rmtree(inner, ignore_errors=True)
            # dockerd mounts its data folder on itself, and leaves it so; `make clean` could not remove it.
            subprocess.run(["umount", str(folder / "data")], capture_output=True)


def _answers(address: str) -> bool:
    try:
        return not subprocess.run(["docker", "-H", address, "version"], capture_output=True, timeout=5).returncode
    except subprocess.TimeoutExpired:
        return False
