"""A private Prometheus on loopback, that scrapes one server and has the chart's alert rules loaded."""

from __future__ import annotations

import json
import shutil
from urllib.parse import urlsplit

from local.child import answers
from local.errors import UserError
from local.paths import ROOT
from local.temporary_server import HOST, TemporaryServer

RULES = ROOT / "container/chart/alerts/crossover.yaml"
BY_HAND = "as root: apt-get install --no-install-recommends prometheus (macOS: brew install prometheus)"
SCRAPE_SECONDS = 5
RETENTION = "1d"


def find() -> str:
    """Return the program. Raises `UserError` that says how to get it."""
    if program := shutil.which("prometheus"):
        return program
    raise UserError(f"NOT RUN: Prometheus is not installed; {BY_HAND}")


def config(address: str) -> str:
    """Return Prometheus' configuration to scrape a server.

    Args:
        address: The server's URL; `/metrics` stands below its path.

    Raises:
        UserError: It is no http or https URL with a host.
    """
    try:
        url = urlsplit(address)
        if not url.hostname:
            raise ValueError(address)
        target = f"{url.hostname}:{url.port or {'http': 80, 'https': 443}[url.scheme]}"
    except (ValueError, KeyError):
        raise UserError(f"{address}: give the server's URL, such as http://127.0.0.1:8080") from None
    job = {
        "job_name": "crossover",
        "scheme": url.scheme,
        "metrics_path": f"{url.path.rstrip('/')}/metrics",
        "static_configs": [{"targets": [target]}],
    }
    every = {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"}
    # JSON is YAML.
    return json.dumps({"global": every, "rule_files": [str(RULES)], "scrape_configs": [job]})


class PrivatePrometheus(TemporaryServer):
    """A Prometheus that runs while the block does, in a temporary folder."""

    name = "Prometheus"
    prefix = "crossover-prometheus-"
    start_seconds = 30.0

    def __init__(self, address: str, port: int = 0) -> None:
        super().__init__(port)
        self._text = config(address)

    @property
    def address(self) -> str:
        """Its page and API."""
        return f"http://{HOST}:{self.port}"

    def _program(self) -> str:
        return find()

    def _arguments(self) -> list[str]:
        written = self._folder / "prometheus.yml"
        written.write_text(self._text)
        arguments = [f"--config.file={written}", f"--storage.tsdb.path={self._folder / 'data'}"]
        return [*arguments, f"--web.listen-address={HOST}:{self.port}", f"--storage.tsdb.retention.time={RETENTION}"]

    def _answers(self) -> bool:
        return answers(f"{self.address}/-/ready")
