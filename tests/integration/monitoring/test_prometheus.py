"""A private Prometheus beside a server: what it scrapes, and what it has loaded."""

from __future__ import annotations

import json
import shutil
import urllib.request
from typing import Any

import pytest

from local.child import wait_until
from local.cli import main
from local.deploy.monitoring.prometheus import RULES, PrivatePrometheus, config
from local.errors import UserError
from tests.support.server import running_server


def test_the_configuration_scrapes_the_server_and_loads_the_charts_rules() -> None:
    written = json.loads(config("https://pods.example.com/base/"))
    assert written["rule_files"] == [str(RULES)]
    (job,) = written["scrape_configs"]
    assert (job["scheme"], job["metrics_path"]) == ("https", "/base/metrics")
    assert job["static_configs"] == [{"targets": ["pods.example.com:443"]}]


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://a", "http://", "http://a:port"])
def test_what_is_no_address_of_a_server_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="give the server's URL"):
        config(address)


def test_without_prometheus_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SystemExit) as ended:
        main(["monitor"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("crossover: NOT RUN: Prometheus is not installed; as root: apt-get")


@pytest.mark.heavy
def test_it_scrapes_a_running_server_and_knows_every_alert() -> None:
    if shutil.which("prometheus") is None:
        pytest.skip("NOT RUN: apt-get install prometheus")

    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"{prometheus.address}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    with running_server() as server, PrivatePrometheus(f"http://127.0.0.1:{server.port}") as prometheus:
        assert wait_until(lambda: bool(ask("query?query=crossover_workers_ready==1")["result"]), 30)
        (target,) = ask("targets")["activeTargets"]
        assert target["health"] == "up"
        groups = ask("rules")["groups"]
        assert [group["name"] for group in groups] == ["crossover", "crossover-pods"]
        # Before the first scrape nothing is ready, which is pending for a minute.
        assert "firing" not in {rule["state"] for group in groups for rule in group["rules"]}
