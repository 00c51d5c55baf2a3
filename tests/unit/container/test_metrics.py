"""Figures of the container, for Prometheus and for people, of one worker and of several."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from container.app import build
from container.metrics import families as catalogue
from container.metrics import sheets
from container.metrics.columns import DRAINING, READY, Figures
from container.metrics.recorder import ARRIVED, AT_ONCE, Metrics
from container.settings import ContainerSettings
from crossover.measures import INVALID, REQUESTS
from crossover.responses import Envelope
from crossover.runner import Unavailable
from crossover.seam import Invalid, Request, Service, Step
from crossover.settings import Identity, SettingError
from functions import registry


class Pool(NamedTuple):
    in_use: int
    reconnects: int


def start(request: Request) -> Step:
    return b""


ECHO = Service("echo", "Say it again", start, (), ("length",))
POOL = Figures("pool", "echo", lambda: Pool(3, 7), frozenset({"in_use"}))
NOW = 5_000.0
ENVELOPE = Envelope(Identity())
GOOD = ENVELOPE.result(b"1")


def counted(folder: Path | None = None, scope: dict[str, Any] | None = None) -> Metrics:
    metrics = Metrics([ECHO], [POOL], 100, folder, clock=lambda: NOW)
    for response in (
        GOOD,
        ENVELOPE.result(b"2"),
        ENVELOPE.invalid(Invalid("length", "too long")),
        ENVELOPE.invalid(Invalid("unheard-of", "an undeclared reason")),
        ENVELOPE.unavailable(Unavailable("asleep")),
        ENVELOPE.failed("me"),
    ):
        metrics.observe("echo", response, {} if scope is None else scope)
    return metrics


def shown(metrics: Metrics) -> dict[str, float]:
    """Every sample that Prometheus would read, by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_answers_are_counted_by_status_and_invalid_ones_by_code() -> None:
    found = shown(counted())
    assert found["crossover_requests_total{service=echo,status=200}"] == 4
    assert found["crossover_requests_total{service=echo,status=503}"] == 1
    assert found["crossover_requests_total{service=echo,status=500}"] == 1
    assert found["crossover_requests_total{service=echo,status=405}"] == 0
    assert found["crossover_invalid_total{code=length,service=echo}"] == 1
    assert found["crossover_invalid_total{code=other,service=echo}"] == 1


def test_people_see_outcomes_figures_and_workers() -> None:
    metrics = counted()
    metrics.state(READY, True)
    status = metrics.status()
    assert status["answers"] == {"echo": {"500": 1, "503": 1, "length": 1, "ok": 2, "other": 1}}
    assert status["figures"] == {"echo": {"pool": {"in_use": 3, "reconnects": 7}}}
    (worker,) = status["workers"]
    assert worker.pop("memory_mb") >= 0
    assert worker == {"pid": os.getpid(), "ready": True, "draining": False, "connections": 0}


def test_what_a_pool_has_is_a_gauge_and_what_it_did_a_counter() -> None:
    text = counted().text().decode()
    assert 'crossover_pool_in_use{service="echo"} 3.0' in text
    assert "# TYPE crossover_pool_in_use gauge" in text
    assert 'crossover_pool_reconnects_total{service="echo"} 7.0' in text


@pytest.mark.parametrize(("seconds", "bucket"), [(0, "0.0005"), (0.003, "0.005"), (4, "5.0"), (3600, "+Inf")])
def test_a_duration_falls_into_its_bucket_and_those_above(seconds: float, bucket: str) -> None:
    found = shown(counted(scope={ARRIVED: NOW - seconds}))
    buckets = [name for name in found if name.startswith("crossover_request_duration_seconds_bucket")]
    assert len(buckets) == len(catalogue.BUCKETS) + 1
    filled = [name for name in buckets if found[name] == 6]
    assert len([name for name in buckets if found[name]]) == len(filled)
    assert f"le={bucket}," in filled[0]
    assert found["crossover_request_duration_seconds_count{service=echo}"] == 6
    assert found["crossover_request_duration_seconds_sum{service=echo}"] == pytest.approx(6 * seconds)


def test_connections_refusals_and_states_are_shown() -> None:
    metrics = counted()
    metrics.connected()
    metrics.connected()
    metrics.disconnected()
    metrics.refused("431")
    metrics.line_dropped()
    metrics.state(READY, True)
    metrics.state(DRAINING, True)
    found = shown(metrics)
    assert found["crossover_connections_open{}"] == 1
    assert found["crossover_connections_limit{}"] == 100
    assert found["crossover_refused_total{reason=431}"] == 1
    assert found["crossover_refused_total{reason=408}"] == 0
    assert found["crossover_log_lines_dropped_total{}"] == 1
    assert (found["crossover_workers{}"], found["crossover_workers_ready{}"]) == (1, 1)
    assert found["crossover_workers_draining{}"] == 1
    assert found["process_cpu_seconds_total{}"] > 0


def test_every_metric_of_the_catalogue_is_shown_and_no_other() -> None:
    families = text_string_to_metric_families(counted().text().decode())
    of_figures = {"crossover_pool_in_use", "crossover_pool_reconnects"}
    assert {family.name for family in families} - of_figures == {family.name for family in catalogue.FAMILIES}


def test_both_platforms_count_the_same_under_names_that_agree() -> None:
    assert {family.name: family.on_lambda for family in (catalogue.ANSWERED, catalogue.INVALIDS)} == {
        measure.prometheus: f"`{measure.cloudwatch}`" for measure in (REQUESTS, INVALID)
    }
    for measure in (REQUESTS, INVALID):
        assert measure.prometheus == f"crossover_{measure.cloudwatch.lower()}"


WORKER = """
import sys, time
from pathlib import Path
from tests.unit.container.test_metrics import counted
metrics = counted(Path(sys.argv[1]))
metrics.connected()
metrics.publish()
print("counted", flush=True)
time.sleep(60)
"""


def another_worker(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_any_worker_answers_for_all_and_counts_outlive_those_who_counted(tmp_path: Path) -> None:
    def figures() -> tuple[float, ...]:
        names = ("requests_total{service=echo,status=503}", "worker_starts_total{}", "pool_reconnects_total")
        gauges = ("workers{}", "connections_open{}", "pool_in_use")
        found = shown(metrics)
        wanted = (*names[:2], f"{names[2]}{{service=echo}}", *gauges[:2], f"{gauges[2]}{{service=echo}}")
        return tuple(found[f"crossover_{name}"] for name in wanted)

    metrics = counted(tmp_path)
    assert figures() == (1, 1, 7, 1, 0, 3)
    first = another_worker(tmp_path)
    assert figures() == (2, 2, 14, 2, 1, 6)
    killed(first)
    assert figures() == (2, 2, 14, 1, 0, 3)
    second = another_worker(tmp_path)
    assert figures() == (3, 3, 21, 2, 1, 6)
    assert len(list(tmp_path.iterdir())) == 2
    assert {worker["pid"] for worker in metrics.status()["workers"]} == {os.getpid(), second.pid}
    killed(second)


def test_a_worker_knows_what_it_answered_itself(tmp_path: Path) -> None:
    killed(another_worker(tmp_path))
    metrics = Metrics([ECHO], [POOL], 100, tmp_path)
    assert metrics.answered() == 0
    metrics.observe("echo", GOOD, {})
    metrics.publish()
    assert metrics.answered() == 1
    assert json.dumps(metrics.status())


async def test_attempts_of_mining_are_shown() -> None:
    services = registry.load(["blockchain"])
    transport = httpx.ASGITransport(build(services, ContainerSettings(), {}))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        for example in services[0].examples:
            assert (await client.get(f"/blockchain?{example.query}")).status_code == 200
        text = (await client.get("/metrics")).text
    attempts = re.search(r'crossover_computing_units_total\{service="blockchain"\} (\S+)', text)
    assert attempts is not None
    assert float(attempts[1]) > 0


def test_workers_that_find_no_folder_to_share_are_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_IN_MEMORY", Path("/nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(SettingError, match="TMPDIR names one"), sheets.shared_folder():
        pass


def test_a_shared_folder_is_private_named_to_workers_and_gone_afterwards() -> None:
    with sheets.shared_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert os.environ[sheets.FOLDER] == str(folder)
    assert not folder.exists()
    assert sheets.FOLDER not in os.environ


def test_good_answers_are_counted_together_and_none_is_forgotten() -> None:
    metrics = counted()
    for _ in range(3 * AT_ONCE + 5):
        metrics.observe("echo", GOOD, {})
    assert metrics.answered() < 3 * AT_ONCE + 11
    assert shown(metrics)["crossover_requests_total{service=echo,status=200}"] == 3 * AT_ONCE + 5 + 4
