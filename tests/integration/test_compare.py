"""A whole comparison, small: real servers, real environments, every answer checked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from local.child import REAPER
from local.cli import main
from local.cost import files
from local.data.etl.pipeline import Progress, run
from local.data.etl.popular import read_popular
from local.data.tweets.files import popular_tags, write_tweets
from local.errors import UserError
from local.measure.comparison import configuration
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.run import compare

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)

TINY = ComparisonConfig(
    memory_mb=(128, 1769),
    min_rounds=1,
    max_rounds=1,
    prepared=60,
    load_seconds=0.5,
    warmup_seconds=0.1,
    connections=4,
    invocations=3,
    burst=2,
    behaviour=True,
)
ALONE = """
import sys
from local.measure.comparison import configuration
configuration.QUICK = configuration.ComparisonConfig(
    services=("qrcode",), memory_mb=(128,), max_rounds=100, min_rounds=100, load_seconds=0.2, behaviour=True
)
from local.cli import main
main()
"""
"""`crossover compare --quick` of one service, which goes on until somebody ends it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small store of synthetic tweets."""
    folder = tmp_path_factory.mktemp("store")
    popular, tweets = folder / "popular.txt", folder / "tweets.json"
    write_tweets(1_000, 1, popular_tags(popular), tweets, lambda _: None)
    run([tweets], read_popular(popular), f"sqlite:///{folder}/twitter.db", folder, Progress())
    return f"sqlite:///{folder}/twitter.db"


@pytest.fixture
def no_process_is_left() -> Iterator[None]:
    """Fails where a test leaves a process behind."""
    before = set(psutil.Process().children(recursive=True))
    yield
    left = [process.cmdline() for process in set(psutil.Process().children(recursive=True)) - before]
    # The one that sees to the others' end stays as long as this process.
    assert not [line for line in left if str(REAPER) not in line]


def crossover(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["crossover", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.usefixtures("no_process_is_left")
def test_every_service_and_the_mix_are_measured_on_both_platforms_and_every_answer_is_right(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWITTER_STORE", store)
    monkeypatch.setattr(configuration, "QUICK", TINY)
    assert crossover(monkeypatch, "compare", "--quick", "--report", str(tmp_path), "--json") == 0
    result = json.loads((tmp_path / "results/compare.json").read_text())
    assert json.loads(capsys.readouterr().out) == result
    data = result["data"]
    assert set(data["container"]) == {"qrcode", "blockchain", "twitter", "mix"}
    for found in data["container"].values():
        assert found["right"] == found["requests"] > 0
        assert (found["wrong"], found["errors"], found["discarded"]) == (0, 0, [])
        assert found["cpu_ms"]["runs"] == 1
        assert 0.005 < found["cpu_ms"]["median"] < 100
        assert found["peak_mb"] > 10
        assert found["bytes_in"] > found["requests"] * 50 < found["bytes_out"]
    assert set(data["lambda"]) == {"qrcode", "blockchain", "twitter"}
    for found in data["lambda"].values():
        # A cold start and three requests at either size.
        assert (found["requests"], found["right"], found["wrong"], found["errors"]) == (8, 8, 0, 0)
        assert list(found["memory"]) == ["128", "1769"]
        assert all(each["billed_ms"] >= 1 for each in found["memory"].values())
        assert set(found["split_ms"]) == {"handler", "adapter", "runtime"}
        assert found["init_ms"]["runs"] == 2
        assert (found["burst"]["right"], found["burst"]["environments_after"]) == (2, 2)
    assert data["storage"]["items"] > 100
    assert data["rounds"]["done"] == 1
    for service in ("qrcode", "blockchain", "twitter"):
        work = files.workload(str(tmp_path / f"works/{service}.toml"))
        assert (work.name, work.measured) == (service, True)
        assert set(work.lambda_ms) == {"128", "1769"}
    assert files.workload(str(tmp_path / "works/twitter.toml")).reads > 0
    assert [path.name for path in tmp_path.rglob(".*")] == []

    # Real lines of one function in place of what was emulated.
    log = tmp_path / "log.txt"
    report = (
        "REPORT RequestId: 1\tDuration: 7.00 ms\tBilled Duration: 7 ms\tMemory Size: 512 MB\tMax Memory Used: 40 MB"
    )
    log.write_text(report)
    options = ["--service", "qrcode", "--report", str(tmp_path), "--json"]
    assert crossover(monkeypatch, "calibrate", str(log), *options) == 0
    assert files.workload(str(tmp_path / "works/qrcode.toml")).lambda_ms["512"] == 7
    assert json.loads(capsys.readouterr().out)["data"]["calibrated"]["qrcode"]["file"] == "log.txt"


@pytest.mark.no_cover
@pytest.mark.usefixtures("no_process_is_left")
def test_works_of_somebody_else_take_the_place_of_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [f"--work={files.WORKLOADS / name}.toml" for name in ("qrcode", "blockchain", "twitter")]
    assert crossover(monkeypatch, "compare", *given, "--report", str(tmp_path)) == 0
    data = json.loads((tmp_path / "results/compare.json").read_text())["data"]
    assert (data["container"], data["lambda"], data["rounds"]["done"]) == ({}, {}, 0)
    assert data["works"]["qrcode"]["cpu_ms"] == 0.141322781
    assert "twitter: Lambda, Function URL crosses" in capsys.readouterr().out
    assert "<html" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--work", "nowhere.toml"], "nowhere.toml: no such file"),
        (["--work", "twitter={qrcode}"], "has no work of twitter; it has qrcode"),
        (["--work", "{qrcode}", "--work", "{qrcode}"], "--work: qrcode is given twice"),
        (["--mix", "nosuch=1"], "a mix is NAME=WEIGHT"),
        (["--report", "{qrcode}"], "cannot write to"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [each.format(qrcode=files.WORKLOADS / "qrcode.toml") for each in arguments]
    folder = [] if "--report" in given else ["--report", str(tmp_path)]
    assert crossover(monkeypatch, "compare", *given, *folder) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.essential
@pytest.mark.usefixtures("no_process_is_left")
def test_a_server_that_dies_ends_the_comparison() -> None:
    def kill_the_server(step: str) -> None:
        if "in the container" in step:
            for child in psutil.Process().children():
                if "container" in child.cmdline():
                    child.kill()

    died = (
        r"no server answers at http://127|the container server ended with status -9|in the container: of \d+ requests"
    )
    with pytest.raises(UserError, match=died):
        compare(replace(TINY, services=("qrcode",), memory_mb=(128,)), {}, os.environ, kill_the_server)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.heavy)])
def test_an_interrupted_comparison_leaves_no_process_and_the_old_report_as_it_was(
    number: signal.Signals, tmp_path: Path
) -> None:
    old = tmp_path / "results" / "compare.json"
    old.parent.mkdir()
    old.write_text("old")
    command = [sys.executable, "-c", ALONE, "compare", "--quick", "--report", str(tmp_path)]
    # As a script's background job: it ignores SIGINT from its start, and is ended all the same.
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        preexec_fn=_ignore if number is signal.SIGTERM else None,
    )
    children = _when_measuring(process)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert error.strip().splitlines()[-1] == "crossover: the comparison was interrupted; nothing was written"
    _, left = psutil.wait_procs(children, timeout=20)
    assert not left
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"compare.json"}
    assert old.read_text() == "old"


def _ignore() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _when_measuring(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Its descendants once server, keeper, environment and load generator run."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if any("local.load.worker" in each.cmdline() for each in children):
                return children
        time.sleep(0.05)
    raise AssertionError("it does not measure")
