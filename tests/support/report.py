"""A sample result of `make compare`, made of the cost model's assumed works: nothing in it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from local.cost import files
from local.cost.workload import ServiceWork
from local.measure.results import Result
from local.report import payload
from tests.support.scenario import Scenario

SERVICES = ("blockchain", "qrcode", "twitter")
SIZES = (128, 256, 512, 1024, 1769)
RUN = {
    "at": "2026-11-23T02:00:00+00:00",
    "command": "crossover compare --sample",
    "commit": "0123456789ab",
    "machine": {"processor": "a sample processor", "cores": 2, "memory_mb": 4096, "python": "CPython 3.11.7"},
    "versions": {"uvicorn": "0.0"},
}


def spread(median: float, part: float = 0.05, runs: int = 5) -> dict[str, float]:
    return {"median": median, "low": median * (1 - part), "high": median * (1 + part), "runs": runs}


def sample_work(name: str) -> dict[str, Any]:
    """The assumed work as a measurement would write it, with durations for the sizes of a run."""
    work = files.workload(name)
    ms = {str(size): float(work.duration_ms(Fraction(size))) for size in SIZES}
    billed = {size: value + 0.5 for size, value in ms.items()}
    found = payload.workloads({name: work})[name]
    return {**found, "measured": True, "source": "a sample", "lambda_ms": ms, "lambda_billed_ms": billed}


def sample_container(work: ServiceWork, part: float = 0.05) -> dict[str, Any]:
    cpu_ms = float(work.cpu_ms)
    latency = {"p50": 1.2, "p90": 2.5, "p99": 6.1, "p99.9": 11.8, "max": 23.4}
    return {
        "cpu_ms": spread(cpu_ms, part),
        "rate": 500,
        "requests": 10_000,
        "right": 9_990,
        "wrong": 2,
        "errors": 8,
        "latency_ms": latency,
        "peak_mb": 61.5,
        "start_ms": 412,
        "bytes_in": 300,
        "bytes_out": 700,
        "discarded": [],
    }


def sample_lambda(work: ServiceWork) -> dict[str, Any]:
    cpu_ms = float(work.cpu_ms)
    memory = {}
    for size in SIZES:
        ms = float(work.duration_ms(Fraction(size)))
        memory[str(size)] = {"duration_ms": spread(ms), "billed_ms": ms + 0.5, "peak_mb": 41}
    split = {"handler": spread(cpu_ms * 0.8), "adapter": spread(cpu_ms * 0.5), "runtime": spread(0.1)}
    return {
        "memory": memory,
        "split_ms": split,
        "cpu_ms": spread(cpu_ms * 1.3),
        "init_ms": spread(380.0),
        "requests": 2_000,
        "right": 2_000,
        "wrong": 0,
        "errors": 0,
        "event_bytes": 900,
        "answer_bytes": 120,
    }


def sample_compare(services: tuple[str, ...] = SERVICES, **changes: Any) -> Result:
    works = {name: files.workload(name) for name in services}
    data = {
        "works": {name: sample_work(name) for name in services},
        "mix": {name: weight for name, weight in zip(SERVICES, (3, 3, 1), strict=True) if name in services},
        "container": {name: sample_container(work) for name, work in works.items()},
        "lambda": {name: sample_lambda(work) for name, work in works.items()},
        "storage": {"items": 71_000, "item_bytes": 966.0, "max_item_bytes": 41_000, "read_units": 1.04},
        "assumptions": [
            {"name": "cold_share", "value": 0.0001, "unit": "", "why": "one cold start in 10,000 invocations"},
            {"name": "speed of a vCPU", "value": 1, "unit": "", "why": "AWS's vCPU is taken to be as fast as this one"},
        ],
    }
    return Result(kind="compare", config={"quick": True}, data={**data, **changes}, **RUN)


def sample_experiments() -> dict[str, Result]:
    rows = [{"change": "workers 1", "requests_per_s": spread(1200.0)}, {"change": "workers 2", "requests_per_s": 2300}]
    functions = {
        "QrcodeFunction": {"init_ms": spread(377.0), "kB": 18.3},
        "TwitterFunction": {"init_ms": 381, "kB": 23},
    }
    return {
        "web-tier": Result(kind="web-tier", config={}, data={"rows": rows}, **{**RUN, "command": "crossover web"}),
        "cold-start": Result(kind="cold-start", config={}, data={"functions": functions}, **RUN),
    }


def asked_for(given: Mapping[str, Any]) -> Scenario:
    """A scenario out of the JSON that the page takes."""
    utilisation = given.get("utilisation")
    return Scenario(
        mix={name: Fraction(weight) for name, weight in given["mix"].items()},
        rate=Fraction(given["rate"]),
        duty=Fraction(given["duty"]),
        hours_a_day=Fraction(given["hours_a_day"]),
        outside=given["outside"],
        memory_mb=given.get("memory_mb"),
        utilisation=None if utilisation is None else Fraction(utilisation),
        speed=Fraction(given["speed"]),
    )


def page_inputs(workloads: Mapping[str, ServiceWork]) -> dict[str, Any]:
    """All shipped configurations, and workloads, as the page has them."""
    from local.report.sources import Sources

    bills = payload.Bills(files.price_book(), Sources(), payload.open_mix(workloads))
    named = {name: files.configuration(name) for name in files.shipped(files.CONFIGURATIONS)}
    return {
        "configurations": {name: bills.configuration(name, one) for name, one in named.items()},
        "workloads": payload.workloads(workloads),
        "nodes": bills.table.nodes,
        "bills": bills.bills,
    }
