"""`make wheel`: the command, installed in an empty environment and used far from the clone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import pytest

from local.child import Child, answers, free_port, running
from local.paths import ROOT

UV = str(Path(sys.executable).with_name("uv"))
READY_SECONDS = 120

pytestmark = pytest.mark.heavy


class Installed:
    """The command of an environment, called from an empty folder with a home of its own."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self.site_packages = next((environment / "lib").glob("python3*/site-packages"))
        self.folder = folder
        self._command = str(environment / "bin" / "crossover")
        self.home = folder / "home"
        self.variables = {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "HOME": str(self.home)}
        self.variables |= {"PIP_CACHE_DIR": str(folder.parent / "pip")}

    def run(self, *arguments: str) -> str:
        """What a command prints."""
        command = [self._command, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
        return done.stdout

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """A command that serves until the block ends; gives its address."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        log = self.folder / "serving.log"
        with log.open("wb") as output:
            command = [self._command, *arguments]
            server = Child(command, cwd=self.folder, env={**self.variables, "PORT": str(port)}, output=output)
            asked = f"{address}/qrcode?type=encode&data=CC%20Team"
            with running(server, lambda: answers(asked), ready_seconds=READY_SECONDS, stop_signal=signal.SIGINT):
                yield address
        assert server.poll() in (0, 130, -signal.SIGINT), log.read_text()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built as `make wheel` does, in an environment with what its metadata asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("crossover-*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", str(environment / "bin/python"), str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NOT RUN: the wheel's dependencies need a package index: {done.stderr.strip()[-200:]}")
    empty = folder / "empty"
    empty.mkdir()
    return Installed(environment, empty)


def test_it_adds_one_package_with_a_name_of_its_own(installed: Installed) -> None:
    names = {path.name for path in installed.site_packages.iterdir()}
    assert {"functions", "container", "local", "tests", "layers"}.isdisjoint(names)
    assert "crossover_tool" in names
    version = metadata.version("crossover")
    assert installed.run("--version") == f"crossover {version}\n"


def test_prices_and_crossings_need_no_clone(installed: Installed) -> None:
    assert "month" in installed.run("cost", "lambda-url", "--rate", "10", "--work", "qrcode")
    assert "requests/s" in installed.run("crossings", "lambda-url", "eks-fargate", "--work", "qrcode")


def test_tweets_are_made_and_loaded(installed: Installed) -> None:
    installed.run("tweets", "--count", "300", "--out", "tweets.json", "--popular", "popular.txt")
    store = f"sqlite:///{installed.folder / 'twitter.db'}"
    installed.run("etl", "tweets.json", "--popular", "popular.txt", "--store", store)
    assert (installed.folder / "twitter.db").stat().st_size > 0


@pytest.mark.parametrize("command", ["run", "serve", "lambda"])
def test_the_services_are_served(installed: Installed, command: str) -> None:
    with installed.serving(command) as address:
        shown = installed.run("load", address, "--service", "qrcode", "--requests", "200", "--connections", "2")
        assert re.search(r"200\b", shown)


def test_a_quick_comparison_writes_its_report_where_it_is_called(installed: Installed) -> None:
    installed.run("compare", "--quick")
    assert (installed.folder / "report" / "index.html").stat().st_size > 100_000


def test_what_is_kept_lies_in_the_home_and_nothing_in_site_packages(installed: Installed) -> None:
    before = sorted(path for path in installed.site_packages.glob("crossover_tool/**/*") if path.suffix != ".pyc")
    with installed.serving("run"):
        pass
    after = sorted(path for path in installed.site_packages.glob("crossover_tool/**/*") if path.suffix != ".pyc")
    assert [path for path in after if path not in before and path.name != "__pycache__"] == []
    assert list((installed.home / ".local/share/crossover").glob("demo-*.db"))


def test_what_needs_a_clone_says_so_in_one_line(installed: Installed) -> None:
    environment = installed.site_packages.parents[2]
    command = [str(environment / "bin/crossover"), "image"]
    done = subprocess.run(command, cwd=installed.folder, env=installed.variables, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "clone" in done.stderr
