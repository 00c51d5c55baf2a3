"""A release of the chart as shipped in a real cluster: the one in KUBECONFIG, or one of this machine's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.deploy import image
from local.deploy.chart.manifests import file_of
from local.deploy.chart.programs import NotHere
from local.deploy.cluster import build, own, settings
from local.deploy.cluster.own import Reach
from local.measure.results import Result, write
from local.paths import BUILD, ROOT
from tests.support.private_engine import any_engine
from tests.support.release import NAMESPACE, Counted, Release

TAG = "crossover:tested"
WORK = BUILD / "cluster"
ROWS = pytest.StashKey[list[dict[str, object]]]()
SEEN = pytest.StashKey[dict[str, Any]]()


@pytest.fixture(scope="session")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    """The cluster."""
    named = os.environ.get("KUBECONFIG")
    if named:
        yield Reach(Path(named))
        return
    try:
        own.require()
    except NotHere as problem:
        pytest.skip(f"NOT RUN: {problem}")
    build.build(build.folder())
    with ExitStack() as stack:
        yield stack.enter_context(own.own_cluster(_images(tmp_path_factory.mktemp("images")), WORK))


def _images(folder: Path) -> Path:
    """An archive of the image and of what holds a pod's namespaces, built by the user's engine or a private one."""
    pause = settings.PAUSE.removeprefix("docker.io/library/")
    archive = folder / "images.tar"
    with any_engine() as engine:
        image.build(engine.docker, engine.base, TAG)
        shutil.copy(build.folder() / "pause", folder / "pause")
        (folder / "Dockerfile").write_text('FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n')
        engine.docker.ask("build", "--tag", pause, str(folder))
        engine.docker.ask("save", "--output", str(archive), TAG, pause)
    return archive


@pytest.fixture(scope="session")
def release(reach: Reach, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """The chart as shipped, for nodes, in a namespace that takes restricted pods only, with a demo store.

    What differs from values-nodes.yaml: the image of this test, the machine's processor, and a CPU request that lets
    two pods of each service onto one small node.
    """
    given = {
        "image.repository": TAG.partition(":")[0],
        "image.tag": TAG.partition(":")[2],
        "ingress.enabled": "false",
        "pods.resources.cpu": "100m",
        "pods.autoscaling.downSeconds": "15",
        "services.twitter.store.secret": "",
        "services.twitter.store.configMap": "crossover-demo-store",
    }
    values = ["--values", str(file_of("nodes"))]
    for name, value in given.items():
        values += ["--set", f"{name}={value}"]
    values += ["--set", f"pods.nodeSelector.kubernetes\\.io/arch={os.environ.get('CLUSTER_ARCH', 'amd64')}"]
    release = Release(reach, tuple(values))
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    release.kubectl("create", "namespace", NAMESPACE)
    try:
        release.kubectl("label", "namespace", NAMESPACE, *(f"{name}={value}" for name, value in labels.items()))
        store = _demo_store(tmp_path_factory.mktemp("store"))
        release.kubectl("create", "configmap", "crossover-demo-store", f"--from-file=store.db={store}")
        release.upgrade(seconds=180)
        yield release
    finally:
        release.kubectl("delete", "namespace", NAMESPACE, "--timeout=120s")


def _demo_store(folder: Path) -> Path:
    """A store of less than 1 MiB, made as docs/how-to/deploy-to-eks.md says."""
    import subprocess

    from tests.support.release import CROSSOVER

    tweets, popular, store = (folder / name for name in ("tweets.json", "popular.txt", "store.db"))
    made = [CROSSOVER, "tweets", "--count", "1000", "--out", str(tweets), "--popular", str(popular)]
    subprocess.run(made, check=True, capture_output=True, cwd=ROOT)
    loaded = [CROSSOVER, "etl", str(tweets), "--popular", str(popular), "--store", f"sqlite:///{store}"]
    subprocess.run(loaded, check=True, capture_output=True, cwd=ROOT)
    return store


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Callable[[str, Counted, str], None]:
    """Keeps a row of the table: what was done, what became of the requests, what was seen."""
    rows = pytestconfig.stash.setdefault(ROWS, [])

    def keep(done: str, counted: Counted, seen: str) -> None:
        rows.append({"done": done, "asked": counted.asked, "lost": counted.lost, "seen": seen})

    return keep


@pytest.fixture
def keep_data(pytestconfig: pytest.Config) -> Callable[[str, Any], None]:
    """Keeps what a test saw beside the table, under a name."""
    return pytestconfig.stash.setdefault(SEEN, {}).__setitem__


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it where every test ran and passed."""
    rows = config.stash.get(ROWS, None)
    if not rows:
        return
    terminalreporter.ensure_newline()
    for row in rows:
        terminalreporter.write_line(f"{row['done']}: {row['asked']} asked, {row['lost']} lost; {row['seen']}")
    if not any(terminalreporter.stats.get(kind) for kind in ("failed", "error", "skipped", "deselected")):
        path = write(Result(kind="cluster", config={}, data={"rows": rows, **config.stash.get(SEEN, {})}))
        terminalreporter.write_line(f"the figures are in {path.relative_to(ROOT)}")
