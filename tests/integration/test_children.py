"""Child processes and signals: whatever ends a command ends what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from local.child import Child, NotReadyError, free_port, wait_until
from local.paths import ROOT

TOOL = str(Path(sys.executable).with_name("crossover"))
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
END_SECONDS = 30


def runs(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@contextmanager
def command(arguments: Sequence[str], **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a command, gone with its descendants when the block ends."""
    process = subprocess.Popen(
        arguments, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    family: list[psutil.Process] = []
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(END_SECONDS)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()


def child_running(process: subprocess.Popen[bytes], text: str) -> int:
    """The id of the descendant whose command line contains `text`, once there is one."""
    seen: list[int] = []

    def is_there() -> bool:
        with suppress(psutil.NoSuchProcess):
            for member in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if text in " ".join(member.cmdline()):
                        seen.append(member.pid)
        return bool(seen)

    assert wait_until(is_there, END_SECONDS, while_true=lambda: process.poll() is None), process.poll()
    return seen[0]


def test_a_child_that_ignores_its_signal_is_killed_with_its_group() -> None:
    program = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
    )
    child = Child([sys.executable, "-c", program], output=subprocess.PIPE)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    assert child.stop(signal.SIGTERM, 0.2) == -signal.SIGKILL
    assert wait_until(lambda: not runs(grandchild), END_SECONDS)
    assert child.stop() == -signal.SIGKILL


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_status() -> None:
    child = Child([sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(NotReadyError, match="status 7"):
        child.wait_until_ready(lambda: False, END_SECONDS)
    child.stop()


def test_a_child_that_is_never_ready_is_waited_for_no_longer_than_allowed() -> None:
    child = Child(SLEEP)
    try:
        with pytest.raises(NotReadyError, match=r"within 0\.1 s"):
            child.wait_until_ready(lambda: False, 0.1)
    finally:
        child.stop()


def test_a_killed_command_leaves_no_child_even_of_a_forked_worker() -> None:
    program = (
        "import os, sys, time; from local.child import Child; "
        f"child = Child({SLEEP!r}); print(child.pid, flush=True); os.fork(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.wait(END_SECONDS)
    try:
        assert wait_until(lambda: not runs(pid), END_SECONDS)
    finally:
        process.stdout.close()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


SERVER, GENERATOR, MYSQL = "-m container", "local.load.worker", "--datadir"
LOAD = ("load", "--service", "qrcode", "--seconds", "60")
EXPERIMENT = ("experiment", "web-tier", "--seconds", "60", "--result", "{folder}/result.json")
COMMANDS = {
    "run": (("run",), (SERVER,)),
    "profile": (("profile", "qrcode", "--requests", "5000000"), ("profiled_server", GENERATOR)),
    "load": (LOAD, (SERVER, GENERATOR)),
    "experiment": (EXPERIMENT, (SERVER, GENERATOR)),
    "mysql": (("mysql", "--folder", "{folder}/mysql"), (MYSQL,)),
}
"""Each command, and what the command lines of its children contain."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL)
QUICK = {*(("run", number) for number in SIGNALS), ("profile", signal.SIGTERM), ("load", signal.SIGHUP)}
QUICK |= {("load", signal.SIGKILL), ("mysql", signal.SIGHUP)}
PAIRS = [
    pytest.param(name, number, id=f"{name}-{number.name}", marks=() if (name, number) in QUICK else pytest.mark.heavy)
    for name in COMMANDS
    for number in SIGNALS
]


@pytest.mark.parametrize(("name", "number"), PAIRS)
def test_whatever_signal_ends_a_command_ends_what_it_has_started(
    name: str, number: signal.Signals, tmp_path: Path
) -> None:
    arguments, texts = COMMANDS[name]
    settings = {"PORT": str(free_port()), "CROSSOVER_SERVICES": "qrcode"}
    with command([TOOL, *(part.format(folder=tmp_path) for part in arguments)], **settings) as process:
        pids = [child_running(process, text) for text in texts]
        process.send_signal(number)
        status = process.wait(END_SECONDS)
        assert wait_until(lambda: not any(map(runs, pids)), END_SECONDS)
    if number is signal.SIGKILL:
        assert status == -number
    elif (name, number) == ("run", signal.SIGINT):
        assert status in (0, 130)  # 0 once it serves: Ctrl-C is how it is ended
    else:
        assert status == 128 + number
