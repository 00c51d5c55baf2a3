"""Cold starts: what makes INIT long, and what keeps requests from waiting for it.

Package and memory are measured with real processes in the emulator, where INIT has a whole CPU, as on Lambda. How many
requests start cold is a question of traffic: the emulator's fleet answers it on a clock of its own (`keep_warm`), with
the INIT that was measured, and the cost model prices it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from functions.registry import SERVICES
from local.cost import files as cost_files
from local.cost.configuration import parse
from local.cost.model import cheapest
from local.cost.workload import Mix, ServiceWork
from local.emulator import quotas
from local.emulator.bundle import FunctionLimits, check_service, from_template
from local.emulator.spec import FunctionSpec, Scaling
from local.errors import UserError
from local.load.api import PreparedRequest, requests_of
from local.measure.affinity import pinned, split_cores
from local.measure.comparison.functions import Functions
from local.measure.comparison.result import comparison_of
from local.measure.comparison.workloads import parse as parse_workload
from local.measure.experiments.keep_warm import Callers, Times, simulate
from local.measure.experiments.result import ColdStartResult, MemoryFigures, PackageFigures, TrafficFigures
from local.measure.results import latest
from local.measure.statistics import Spread, rounded

MAX_ENVIRONMENTS = 100
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ColdStartConfig:
    """What the experiment runs with."""

    services: tuple[str, ...] = tuple(SERVICES)
    seed: int = 1
    rounds: int = 5
    memory_mb: tuple[int, ...] = (128, 256, 512, 1024, 1769)
    warm: int = 5
    """Invocations after the first one, to hold it against."""
    rates: tuple[float, ...] = (0.0003, 0.001, 0.003, 0.01, 0.1, 1, 10, 100)
    """Requests a second; 0.001 is one in 17 minutes."""
    requests: int = 20_000
    """Simulated for each rate."""
    idle_seconds: float = quotas.IDLE_LIFETIME
    """How long an idle environment is kept; AWS does not say."""
    ping_seconds: float = 300
    """How often a keep-warm ping comes."""
    provisioned: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.provisioned <= MAX_ENVIRONMENTS:
            raise UserError(f"provisioned concurrency takes 1 to {MAX_ENVIRONMENTS}")

    def as_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {name: list(item) if isinstance(item, tuple) else item for name, item in asdict(self).items()}


QUICK = ColdStartConfig(rounds=2, memory_mb=(128, 1769), warm=2, rates=(0.001, 0.1, 10), requests=3_000)

PACKAGES = {
    "as deployed": "sources with unchecked .pyc files beside them, as a build makes them: nothing to compile in INIT",
    "sources alone": "the same without bytecode: smaller, and Python compiles it in every INIT",
    "without layers": "as deployed, with the layers' content in the function's own package",
}


def measure(configuration: ColdStartConfig, environ: Mapping[str, str], step: Step) -> ColdStartResult:
    """Run the experiment. Raises `UserError`."""
    step("building the functions")
    bundle = from_template(FunctionLimits(), environ, say=step)
    for service in configuration.services:
        check_service(service, bundle.functions)
    functions = {service: bundle.functions[service] for service in configuration.services}
    requests = {
        name: requests_of({name: 1}, configuration.seed, environ, configuration.warm + 1)
        for name in configuration.services
    }
    packages = _packages(configuration, functions, requests, step)
    memory = _memory(configuration, functions, requests, step)
    step("simulating traffic")
    return ColdStartResult(
        packages=packages,
        memory=memory,
        traffic=[
            row
            for service in configuration.services
            for row in _traffic(configuration, service, _times(memory, service))
        ],
        meaning=PACKAGES,
    )


def _packages(
    configuration: ColdStartConfig,
    functions: Mapping[str, FunctionSpec],
    requests: Mapping[str, Sequence[PreparedRequest]],
    step: Step,
) -> list[PackageFigures]:
    """Measure INIT of each service for each way to package it."""
    durations: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    sizes = {}
    with tempfile.TemporaryDirectory(prefix="crossover-packages-") as folder:
        kinds = {
            (service, kind): packaged(function, kind, Path(folder) / service)
            for service, function in functions.items()
            for kind in PACKAGES
        }
        for number in range(configuration.rounds):
            for (service, kind), function in kinds.items():
                step(f"round {number + 1} of {configuration.rounds}: {service} {kind}")
                durations.setdefault((service, kind), []).append(
                    _start(function, service, requests[service][:1], 1769)[:3]
                )
                sizes[service, kind] = (size_of([function.code]), size_of(function.layers))
    return [
        PackageFigures(
            service=service,
            package=kind,
            init_ms=Spread.of([start[0] for start in starts]),
            init_cpu_ms=Spread.of([start[1] for start in starts]),
            first_answer_ms=Spread.of([start[0] + start[2] for start in starts]),
            code_kb=round(sizes[service, kind][0] / 1000, 1),
            layers_kb=round(sizes[service, kind][1] / 1000, 1),
        )
        for (service, kind), starts in durations.items()
    ]


def _memory(
    configuration: ColdStartConfig,
    functions: Mapping[str, FunctionSpec],
    requests: Mapping[str, Sequence[PreparedRequest]],
    step: Step,
) -> list[MemoryFigures]:
    """Measure INIT, the first answer and later ones of each service at each size."""
    durations: dict[tuple[str, int], list[tuple[float, float, float, float]]] = {}
    for number in range(configuration.rounds):
        for service, function in functions.items():
            for size in configuration.memory_mb:
                step(f"round {number + 1} of {configuration.rounds}: {service} with {size:,} MB")
                durations.setdefault((service, size), []).append(_start(function, service, requests[service], size))
    return [
        MemoryFigures(
            service=service,
            memory_mb=size,
            init_ms=Spread.of([start[0] for start in starts]),
            first_answer_ms=Spread.of([start[0] + start[2] for start in starts]),
            first_invocation_ms=Spread.of([start[2] for start in starts]),
            warm_ms=Spread.of([start[3] for start in starts]),
        )
        for (service, size), starts in durations.items()
    ]


def _start(
    function: FunctionSpec, service: str, requests: Sequence[PreparedRequest], size: int
) -> tuple[float, float, float, float]:
    """Measure a cold start: wall and CPU of INIT, the first invocation, and the mean of those after it; in ms."""
    cores = split_cores()
    with pinned(cores.generator), Functions({service: function}, [size], cores.server) as running:
        init, tally = running.start(service, size, requests[0])
        warm = running.turn(service, size, requests[1:]) if requests[1:] else None
    if tally.wrong or tally.errors or (warm and (warm.tally.wrong or warm.tally.errors)):
        raise UserError(f"{service} with {size} MB gave a wrong answer; nothing was written")
    return init.wall_ms, init.cpu_ms, init.first_ms, warm.duration_ms if warm else init.first_ms


def packaged(function: FunctionSpec, kind: str, folder: Path) -> FunctionSpec:
    """Package a function in one of the ways of `PACKAGES`, in a folder."""
    if kind == "as deployed":
        return function
    code = folder / kind.replace(" ", "-") / "code"
    ignore = shutil.ignore_patterns("__pycache__") if kind == "sources alone" else None
    shutil.copytree(function.code, code, ignore=ignore)
    if kind == "without layers":
        for layer in function.layers:
            if (layer / "python").is_dir():
                shutil.copytree(layer / "python", code, dirs_exist_ok=True)
        # A store that travels along is data, and stays where the setting names it.
        return replace(function, code=code, layers=())
    layers = []
    for number, layer in enumerate(function.layers):
        copy = folder / kind.replace(" ", "-") / f"layer{number}"
        shutil.copytree(layer, copy, ignore=ignore)
        layers.append(copy)
    return replace(function, code=code, layers=tuple(layers))


def size_of(folders: Sequence[Path]) -> int:
    """Return the bytes of all files in the folders."""
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def _times(memory: Sequence[MemoryFigures], service: str) -> Times:
    """Return what an environment takes at the largest size."""
    largest = [size for size in memory if size.service == service][-1]
    return Times(largest.init_ms.median / 1000, largest.warm_ms.median / 1000)


def _traffic(configuration: ColdStartConfig, service: str, times: Times) -> Iterator[TrafficFigures]:
    """Yield shares of cold requests and dollars an hour at each rate: on demand, kept warm by pings, provisioned."""
    work = work_of(service)
    scaling = Scaling(memory_mb=1769, timeout=30, idle_lifetime=configuration.idle_seconds)
    for rate in configuration.rates:
        calm = Callers(rate, configuration.requests, seed=configuration.seed)
        pinged = calm._replace(ping_seconds=configuration.ping_seconds)
        ways = {
            "on_demand": simulate(calm, times, scaling),
            "pinged": simulate(pinged, times, scaling),
            "provisioned": simulate(calm, times, replace(scaling, provisioned=configuration.provisioned)),
        }
        row: dict[str, Any] = {"service": service, "requests_per_second": rate}
        for way, shares in ways.items():
            row[f"cold_{way}"] = rounded(shares.cold)
        for way, shares in ways.items():
            requests_a_second = rate + (1 / configuration.ping_seconds if way == "pinged" else 0)
            kept = configuration.provisioned if way == "provisioned" else 0
            share = min(1.0, shares.cold_starts_an_hour / 3600 / requests_a_second)
            row[f"dollars_an_hour_{way}"] = rounded(hour(work, times, requests_a_second, share, kept))
        yield TrafficFigures(**row)


def work_of(service: str) -> ServiceWork:
    """Return the work of the last comparison, or else the shipped one."""
    result = latest("compare")
    measured = comparison_of(result).works.get(service) if result else None
    return parse_workload(measured, service) if measured else cost_files.workload(service)


def hour(work: ServiceWork, times: Times, rate: float, cold_share: float, provisioned: int) -> float:
    """Return what Lambda behind a Function URL costs in an hour at that rate, by the rules of `crossover cost`."""
    init = Fraction(repr(round(times.init * 1000, 3)))
    work = replace(work, init_ms=init, cold_share=Fraction(repr(rounded(cold_share))))
    document = cost_files.toml(cost_files.CONFIGURATIONS / "lambda-url.toml")
    document["lambda"]["provisioned"] = provisioned
    mix = Mix.of([(work, Fraction(1))])
    bill = cheapest(parse(document, "lambda-url.toml"), mix, Fraction(repr(rounded(rate))), cost_files.price_book())
    return float(bill.hour)
