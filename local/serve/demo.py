"""What the bundle serves where the environment names no data of its own: demo stores, and requests for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.console import stderr
from local.files import write_atomically
from local.paths import DATA
from local.workloads.workload import Sample, workload_of


def with_demo_store(environ: Mapping[str, str], service_names: Sequence[str], folder: Path = DATA) -> dict[str, str]:
    """Return `environ` completed for the server: a store for each service that lacks one, and samples for the page.

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
    if offered and (settings or not environ.get("PAGE_SAMPLES")):
        settings["PAGE_SAMPLES"] = _write_samples(folder / f"samples-{'-'.join(offered)}.json", offered)
    return {**environ, **settings}


def _write_samples(file: Path, offered: Mapping[str, Sequence[Sample]]) -> str:
    """Write the file that the page's samples come from; servers may be reading it."""
    content = {service: [sample._asdict() for sample in samples] for service, samples in offered.items()}
    write_atomically(file, json.dumps(content, ensure_ascii=False))
    return str(file)
