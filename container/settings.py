"""Settings of the container shim."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from crossover.settings import Identity, SettingError, setting
from functions.registry import SERVICES


@dataclass(frozen=True)
class ContainerSettings(Identity):
    """What `make serve` and a pod's environment can say."""

    host: str = setting("127.0.0.1", "address to listen on; `::` is all of both families", 1, 255)
    port: int = setting(8080, "port to listen on; 0 takes a free one", 0, 65535)
    workers: int = setting(1, "worker processes; in a pod one, and more pods", 1, 256)
    crossover_services: str = setting("", "services to serve, comma-separated; empty is all of them", 0, 1000)
    max_connections: int = setting(10_000, "open connections of one worker; one more is answered 503", 1, 1_000_000)
    max_head_bytes: int = setting(16_384, "bytes of request line and headers; more is answered 431", 512, 1_048_576)
    head_seconds: float = setting(10.0, "time to send a head whole, and again for a body; then 408", 0.1, 3600)
    write_seconds: float = setting(10.0, "time to take all that is unsent; then the connection is cut", 0.1, 3600)
    keep_alive_seconds: int = setting(75, "idle time of a connection; above the load balancer's own (60 s)", 1, 3600)
    drain_seconds: float = setting(
        5.0, "after SIGTERM: not ready, answers close their connections, then the stop", 0, 900
    )
    stop_seconds: int = setting(10, "time that requests under way have at the stop; then they are cut off", 1, 900)
    log_sample_rate: float = setting(0.0, "share of answers that write a log line", 0, 1)
    pods: int = setting(1, "pods that share the database, for the check of its connections at the start", 1, 10_000)
    max_connections_percent: int = setting(
        100, "percent of max_connections that are RDS Proxy's; 100 without one", 1, 100
    )
    page_samples: str = setting("", "JSON file of requests that the page offers: {SERVICE: [{title, query}]}", 0, 4096)
    page_report: str = setting("", "HTML file of a report that the page links to", 0, 4096)
    max_computations: int = setting(
        1_024, "computations of a service that wait in one worker; one more is 503", 1, 10_000
    )
    compute_seconds: float = setting(4.0, "time from a long computation's begin to its end; then 503", 0.01, 900)

    def report_file(self) -> Path | None:
        """Return the report that the page links to, if any. Raises `SettingError` where there is no such file."""
        if not self.page_report:
            return None
        report = Path(self.page_report)
        if not report.is_file():
            raise SettingError("PAGE_REPORT takes an HTML file, as crossover report writes it")
        return report

    def offered_samples(self) -> bytes:
        """Return what is in the file of samples. Raises `SettingError` where it is no JSON object."""
        if not self.page_samples:
            return b"{}"
        try:
            content = Path(self.page_samples).read_bytes()
            if isinstance(json.loads(content), dict):
                return content
        except (OSError, ValueError):
            pass
        raise SettingError("PAGE_SAMPLES takes a file with a JSON object: {SERVICE: [{title, query}]}")

    def service_names(self) -> list[str]:
        """Return the services to serve. Raises `SettingError` for a name that is not in the bundle."""
        names = [name.strip() for name in self.crossover_services.split(",") if name.strip()] or list(SERVICES)
        unknown = [name for name in names if name not in SERVICES]
        if unknown:
            raise SettingError(f"CROSSOVER_SERVICES takes names out of {', '.join(SERVICES)}; not {unknown[0]!r}")
        return list(dict.fromkeys(names))
