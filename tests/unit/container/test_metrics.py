"""Metrics of the container, of one worker and of several."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from container.app import build
from container.metrics import families as catalogue
from container.metrics import multiprocess
from container.metrics.recorder import BATCH, BatchedHistogram, Figures, Metrics
from container.settings import ContainerSettings
from crossover.measures import INVALID, REQUESTS
from crossover.protocol import Envelope
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
ENVELOPE = Envelope(Identity())
GOOD = ENVELOPE.result(b"1")


def counted(seconds: float = 0.0) -> Metrics:
    metrics = Metrics([ECHO], [POOL], 100)
    for response in (
        GOOD,
        ENVELOPE.result(b"2"),
        ENVELOPE.invalid(Invalid("length", "too long")),
        ENVELOPE.invalid(Invalid("unheard-of", "an undeclared reason")),
        ENVELOPE.unavailable(Unavailable("asleep")),
        ENVELOPE.failed("me"),
    ):
        metrics.observe("echo", response, seconds)
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


def test_what_a_pool_has_is_a_gauge_and_what_it_did_a_counter() -> None:
    text = counted().text().decode()
    assert 'crossover_pool_in_use{service="echo"} 3.0' in text
    assert "# TYPE crossover_pool_in_use gauge" in text
    assert 'crossover_pool_reconnects_total{service="echo"} 7.0' in text


@pytest.mark.parametrize(("seconds", "bucket"), [(0, "0.0005"), (0.003, "0.005"), (4, "5.0"), (3600, "+Inf")])
def test_a_duration_falls_into_its_bucket_and_those_above(seconds: float, bucket: str) -> None:
    found = shown(counted(seconds))
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
    metrics.state(ready=True, draining=True)
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
from tests.unit.container.test_metrics import counted, shown
metrics = counted()
metrics.connected()
metrics.publish()
print("counted", flush=True)
for _ in sys.stdin:
    figures = shown(metrics)
    names = ("requests_total{service=echo,status=503}", "worker_starts_total{}", "pool_reconnects_total{service=echo}",
             "request_duration_seconds_count{service=echo}", "workers{}", "connections_open{}",
             "pool_in_use{service=echo}")
    print(*(f"{figures['crossover_' + name]:g}" for name in names), flush=True)
"""


class Worker:
    """A worker that shares its metrics in a folder, and that can be asked what it shows of all of them."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, multiprocess.VARIABLE: str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "counted"

    def shows(self) -> str:
        assert self.process.stdin is not None
        print("what", file=self.process.stdin, flush=True)
        return self._line()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def test_any_worker_answers_for_all_and_counts_outlive_those_who_counted(tmp_path: Path) -> None:
    metrics = Worker(tmp_path)
    # Counters of 503s, starts, reconnects and durations; then gauges of workers, connections and the pool in use.
    assert metrics.shows() == "1 1 7 6 1 1 3"
    first = Worker(tmp_path)
    assert metrics.shows() == first.shows() == "2 2 14 12 2 2 6"
    first.kill()
    assert metrics.shows() == "2 2 14 12 1 1 3"
    second = Worker(tmp_path)
    assert metrics.shows() == "3 3 21 18 2 2 6"
    second.kill()
    metrics.kill()


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


def test_workers_without_a_folder_to_share_are_one_line_that_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(SettingError, match="TMPDIR names one"), multiprocess.shared_folder(Path("/nowhere")):
        pass


def test_a_shared_folder_is_private_named_to_workers_and_gone_afterwards(tmp_path: Path) -> None:
    with multiprocess.shared_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert os.environ[multiprocess.VARIABLE] == str(folder)
        with multiprocess.shared_folder() as named:
            assert named == folder
    assert not folder.exists()
    assert multiprocess.VARIABLE not in os.environ


def test_a_folder_that_a_killed_server_left_is_removed_and_a_living_servers_is_not(tmp_path: Path) -> None:
    abandoned = tmp_path / f"{multiprocess.PREFIX}abandoned"
    abandoned.mkdir()
    with multiprocess.shared_folder(tmp_path) as living:
        os.environ.pop(multiprocess.VARIABLE)
        with multiprocess.shared_folder(tmp_path):
            assert living.exists()
            assert not abandoned.exists()
        os.environ[multiprocess.VARIABLE] = str(living)


def test_good_answers_are_counted_together_and_none_is_forgotten() -> None:
    metrics = counted()
    for _ in range(3 * BATCH + 5):
        metrics.observe("echo", GOOD, 0.0)
    assert shown(metrics)["crossover_requests_total{service=echo,status=200}"] == 3 * BATCH + 5 + 4


def test_many_observations_at_once_are_those_one_by_one() -> None:
    amounts = [0.0, 0.0005, 0.00051, 0.003, 4.0, 1e6, 0.003]
    one_by_one, together = (BatchedHistogram("a", "b", buckets=catalogue.BUCKETS, registry=None) for _ in range(2))
    for amount in amounts:
        one_by_one.observe(amount)
    together.observe_all(amounts)
    assert [family.samples for family in together.collect()] == [family.samples for family in one_by_one.collect()]
