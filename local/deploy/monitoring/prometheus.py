"""A private Prometheus on loopback, that scrapes one server and has the chart's alert rules loaded."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from local.child import Child, NotReadyError, answers, free_port
from local.errors import UserError
from local.paths import ROOT

HOST = "127.0.0.1"
RULES = ROOT / "container/chart/alerts/crossover.yaml"
BY_HAND = "as root: apt-get install --no-install-recommends prometheus (macOS: brew install prometheus)"
SCRAPE_SECONDS = 5
START_SECONDS = 30.0
STOP_SECONDS = 10.0
RETENTION = "1d"
LOG_CHARACTERS = 300


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
        target = f"{url.hostname}:{url.port or {'http': 80, 'https': 443}[url.scheme]}"
    except (ValueError, KeyError):
        raise UserError(f"{address}: give the server's URL, such as http://127.0.0.1:8080") from None
    if not url.hostname:
        raise UserError(f"{address}: give the server's URL, such as http://127.0.0.1:8080")
    job = {
        "job_name": "crossover",
        "scheme": url.scheme,
        "metrics_path": f"{url.path.rstrip('/')}/metrics",
        "static_configs": [{"targets": [target]}],
    }
    every = {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"}
    # JSON is YAML.
    return json.dumps({"global": every, "rule_files": [str(RULES)], "scrape_configs": [job]})


class PrivatePrometheus:
    """A Prometheus that runs while the block does, in a temporary folder."""

    def __init__(self, address: str, port: int = 0) -> None:
        self._text = config(address)
        self.port = port
        self._process: Child | None = None

    @property
    def address(self) -> str:
        """Its page and API."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> PrivatePrometheus:
        """Start it and wait until it is ready. Raises `UserError`."""
        program = find()
        self.port = self.port or free_port(HOST)
        self._folder = Path(tempfile.mkdtemp(prefix="crossover-prometheus-"))
        written = self._folder / "prometheus.yml"
        written.write_text(self._text)
        command = [program, f"--config.file={written}", f"--storage.tsdb.path={self._folder / 'data'}"]
        command += [f"--web.listen-address={HOST}:{self.port}", f"--storage.tsdb.retention.time={RETENTION}"]
        with (self._folder / "log").open("wb") as log:
            self._process = process = Child(command, output=log)
        try:
            process.wait_until_ready(lambda: answers(f"{self.address}/-/ready"), START_SECONDS)
        except NotReadyError as problem:
            text = (self._folder / "log").read_text(errors="replace")[-LOG_CHARACTERS:].strip()
            self.stop()
            raise UserError(f"Prometheus did not start on port {self.port}: {problem}: {text}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and forget what it kept."""
        process, self._process = self._process, None
        if process is not None:
            process.stop(seconds=STOP_SECONDS)
            shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit status."""
        if self._process is None:
            raise RuntimeError("Prometheus does not run")
        return self._process.wait()
