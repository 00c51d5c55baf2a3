"""What the bundle serves where the environment names no data of its own: demo stores, and requests for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.console import stderr
from local.files import write_atomically
from local.paths import DATA, ROOT
from local.serve.costs import cost_notes
from local.workloads.workload import Sample, workload_of

REPORT = ROOT / "report" / "index.html"
"""Where `crossover report` writes it."""


def with_demo_store(
    environ: Mapping[str, str], service_names: Sequence[str], folder: Path = DATA, report: Path = REPORT
) -> dict[str, str]:
    """Return `environ` completed for the server: stores for the services that lack one, and what the page offers.

    The page offers requests to try, what each service costs, and the `report`, where there is one.

    A store is made in `folder` if it is not there, with progress on standard error. Where `environ` names stores they
    stay, with the samples that `environ` names, if any.
    """
    settings: dict[str, str] = {}
    offered: dict[str, list[Sample]] = {}
    for name in service_names:
        workload = workload_of(name)
        if workload is None:
            continue
        variable = f"{name.upper()}_STORE"
        if workload.demo_store is not None:
            if environ.get(variable):
                continue
            stderr.print(f"{variable} is not set: serving synthetic data", highlight=False)
            settings[variable] = workload.demo_store(folder)
        if samples := workload.samples(settings.get(variable, "")):
            offered[name] = samples
    if settings or not environ.get("PAGE_SAMPLES"):
        content: dict[str, Any] = {name: [sample._asdict() for sample in samples] for name, samples in offered.items()}
        content["costs"] = cost_notes(service_names)
        file = folder / f"page-{'-'.join(service_names)}.json"
        write_atomically(file, json.dumps(content, ensure_ascii=False))  # servers may be reading it
        settings["PAGE_SAMPLES"] = str(file)
    if report.is_file():
        settings.setdefault("PAGE_REPORT", environ.get("PAGE_REPORT") or str(report))
    return {**environ, **settings}
