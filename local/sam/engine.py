"""A container engine of this test's own: private data, a private socket, no network rules, ended with the test."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

SUBNET = "172.30.99.1/24"
START_SECONDS = 30
PACKAGES = ("ca-certificates", "python3", "python3-venv", "curl")
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))


class NoEngine(RuntimeError):
    """This machine cannot run one. The message is one line that says what to do."""


def require() -> None:
    """Raises `NoEngine` where something is missing."""
    missing = [tool for tool in ("dockerd", "iptables", "debootstrap", "docker") if shutil.which(tool) is None]
    if missing or os.name != "posix" or os.geteuid() != 0:
        raise NoEngine(
            "sam local needs a container engine, here started by root on Debian: "
            "apt-get install --no-install-recommends docker.io iptables debootstrap"
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Starts the engine with its data in `folder`; gives its address for `DOCKER_HOST`. Ends it afterwards."""
    folder = folder.absolute()  # given a relative folder, dockerd spins for ever
    folder.mkdir(parents=True, exist_ok=True)
    socket = Path("/run") / f"crossover-{os.getpid()}.sock"
    address = f"unix://{socket}"
    arguments = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", f"/run/crossover-{os.getpid()}"]
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
            socket.unlink(missing_ok=True)


def _answers(address: str) -> bool:
    try:
        return not subprocess.run(["docker", "-H", address, "version"], capture_output=True, timeout=5).returncode
    except subprocess.TimeoutExpired:
        return False


def mirror() -> tuple[str, str]:
    """Address and suite of the Debian mirror that this machine's own apt uses. Raises `NoEngine`."""
    files = [path for source in SOURCES for path in (sorted(source.iterdir()) if source.is_dir() else [source])]
    for path in files:
        text = path.read_text() if path.is_file() else ""
        line = re.search(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\w+)\s+main", text, re.MULTILINE)
        if line:
            return line.group(1), line.group(2)
        address = re.search(r"^URIs:\s*(\S+)", text, re.MULTILINE)
        suite = re.search(r"^Suites:\s*(\w+)", text, re.MULTILINE)
        if address and suite:
            return address.group(1), suite.group(1)
    raise NoEngine("no Debian mirror in /etc/apt; sam local's stand-in image is made from one")


def base_image(address: str, name: str, work: Path) -> None:
    """Makes a minimal Debian with Python into an image, unless the engine has it from an earlier run."""
    docker = ["docker", "-H", address]
    if subprocess.run([*docker, "image", "inspect", name], capture_output=True).returncode == 0:
        return
    root = work / "debian"
    shutil.rmtree(root, ignore_errors=True)
    where, suite = mirror()
    packages = ",".join(PACKAGES)
    bootstrap = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(root), where]
    made = subprocess.run(bootstrap, capture_output=True, text=True)
    if made.returncode:
        raise NoEngine(f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}")
    with subprocess.Popen(["tar", "-C", str(root), "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
        subprocess.run([*docker, "import", "-", name], stdin=tar.stdout, check=True, capture_output=True)
    shutil.rmtree(root)
