"""Every alert fires on series that it is for, and is quiet on those beside them, by promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from local.paths import ROOT
from tests.support.server import running_server

RULES = ROOT / "container/chart/alerts/crossover.yaml"
MINUTES = 20
OF_THE_CLUSTER = {
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_pod_container_resource_limits",
    "kube_pod_container_resource_requests",
    "kube_pod_container_status_restarts_total",
}
"""Metrics of cAdvisor and kube-state-metrics, by their documentation."""
OF_STORES = {"crossover_pool_in_use", "crossover_pool_waiting"}
"""Metrics of pods with a remote store; tests/integration/mysql shows that they are exported."""
DEPLOYMENT = 'namespace="crossover",deployment="crossover-qrcode"'
POD = 'namespace="crossover",pod="crossover-qrcode-1",container="qrcode"'
OK = 'crossover_requests_total{service="twitter",status="200"}'
GONE = 'crossover_requests_total{service="twitter",status="503"}'
POOL = 'crossover_pool_in_use{service="twitter"}'

Series = dict[str, str]
"""Values a minute, in promtool's notation, by the series."""


class Trial(NamedTuple):
    """Series on which an alert fires, and series on which it does not."""

    fires: Series
    quiet: Series


def steady(value: float) -> str:
    """A gauge that stays."""
    return f"{value}x{MINUTES}"


def rising(each_minute: float) -> str:
    """A counter that rises."""
    return f"0+{each_minute}x{MINUTES}"


def _cpu(each_minute: float, limit: str = "") -> Series:
    series = {
        f"container_cpu_usage_seconds_total{{{POD}}}": rising(each_minute),
        f'kube_pod_container_resource_requests{{{POD},resource="cpu"}}': steady(0.8),
    }
    return series | ({f'kube_pod_container_resource_limits{{{POD},resource="cpu"}}': steady(2)} if limit else {})


def _memory(used: float) -> Series:
    return {
        f"container_memory_working_set_bytes{{{POD}}}": steady(used),
        f'kube_pod_container_resource_limits{{{POD},resource="memory"}}': steady(256),
    }


def _workers(live: int, ready: int, draining: int = 0) -> Series:
    values = {"crossover_workers": live, "crossover_workers_ready": ready, "crossover_workers_draining": draining}
    return {name: steady(value) for name, value in values.items()}


def _durations(quick: float) -> Series:
    """Answers a minute: so many within 0.1 s, of a thousand within a second."""
    bucket = 'crossover_request_duration_seconds_bucket{service="qrcode",le="%s"}'
    return {bucket % 0.1: rising(quick), bucket % 1: rising(1000), bucket % "+Inf": rising(1000)}


def _pods(available: int, wanted: int) -> Series:
    return {
        f"kube_deployment_status_replicas_available{{{DEPLOYMENT}}}": steady(available),
        f"kube_deployment_spec_replicas{{{DEPLOYMENT}}}": steady(wanted),
    }


TRIALS = {
    "CrossoverNothingIsReady": Trial(_workers(1, 0), _workers(1, 1)),
    "CrossoverNotReady": Trial(_workers(2, 1), _workers(2, 1, draining=1)),
    "CrossoverFails": Trial(
        {'crossover_requests_total{service="qrcode",status="500"}': rising(1)},
        {'crossover_requests_total{service="qrcode",status="500"}': steady(7)},
    ),
    "CrossoverErrors": Trial({OK: rising(980), GONE: rising(20)}, {OK: rising(995), GONE: rising(5)}),
    # A computation without a place is 503 too, and no fault of a store.
    "CrossoverStoreUnavailable": Trial({GONE: rising(1), POOL: steady(0)}, {GONE: rising(1)}),
    "CrossoverPoolExhausted": Trial(
        {'crossover_pool_waiting{service="twitter"}': steady(3)},
        {'crossover_pool_waiting{service="twitter"}': "3 0 0 0 3 0 0 0 3 0 0 0 3 0 0 0 3 0 0 0"},
    ),
    "CrossoverSlow": Trial(_durations(980), _durations(995)),
    "CrossoverConnectionsRefused": Trial(
        {'crossover_refused_total{reason="503"}': rising(1)}, {'crossover_refused_total{reason="408"}': rising(1)}
    ),
    "CrossoverConnectionsNearTheirLimit": Trial(
        {"crossover_connections_open": steady(81), "crossover_connections_limit": steady(100)},
        {"crossover_connections_open": steady(80), "crossover_connections_limit": steady(100)},
    ),
    "CrossoverHeadsRefused": Trial(
        {'crossover_refused_total{reason="431"}': rising(660)}, {'crossover_refused_total{reason="431"}': rising(540)}
    ),
    "CrossoverWorkersDie": Trial(
        {"crossover_worker_starts_total": rising(1)}, {"crossover_worker_starts_total": steady(4)}
    ),
    "CrossoverNoPodIsReady": Trial(_pods(0, 2), _pods(1, 2)),
    "CrossoverCpuHigh": Trial(_cpu(45), _cpu(45, limit="2")),
    "CrossoverMemoryHigh": Trial(_memory(206), _memory(200)),
    "CrossoverPodsRestart": Trial(
        {f"kube_pod_container_status_restarts_total{{{POD}}}": rising(0.5)},
        {f"kube_pod_container_status_restarts_total{{{POD}}}": steady(5)},
    ),
}


def rules() -> list[dict[str, Any]]:
    """All rules of the file."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_alert_has_a_trial_a_severity_and_says_what_to_do() -> None:
    assert [rule["alert"] for rule in rules()] == list(TRIALS)
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_every_metric_of_the_rules_is_one_that_a_pod_exports_or_the_cluster_has() -> None:
    with running_server() as server:
        for path in ("/qrcode?type=encode&data=a", "/twitter?user_id=1", "/nowhere"):
            server.get(path)
        page = server.get("/metrics")[2].decode()
    exported = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
    exported |= {f"{name}_bucket" for name in re.findall(r"^# TYPE (\w+) histogram", page, re.MULTILINE)}
    used = {
        name
        for rule in rules()
        for name in re.findall(r"\b(?:crossover|process|kube|container)_\w+", rule["expr"].replace('"crossover"', ""))
    }
    assert used - exported == OF_THE_CLUSTER | OF_STORES


@pytest.mark.heavy
def test_each_alert_fires_on_its_series_and_on_no_other(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT RUN: apt-get install prometheus, for promtool")
    trials = [
        {
            "name": f"{alert}: {kind}",
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                    "eval_time": f"{MINUTES - 1}m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if kind == "fires" else [],
                }
            ],
        }
        for alert, trial in TRIALS.items()
        for kind, series in trial._asdict().items()
    ]
    assert len(trials) == 2 * len(rules())
    asked = tmp_path / "trials.yaml"
    asked.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": trials}))
    for command in (["check", "rules", str(RULES)], ["test", "rules", str(asked)]):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
