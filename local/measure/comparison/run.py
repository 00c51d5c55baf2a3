"""A comparison from its first server to its last round."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack

from local.cost import files as cost_files
from local.cost.formulas import known
from local.emulator.bundle import Bundle, FunctionLimits, check_service, from_template
from local.emulator.spec import FunctionSpec
from local.errors import UserError
from local.load.api import PreparedRequest, requests_of
from local.measure.affinity import Cores, pinned, split_cores
from local.measure.comparison import assumptions, handler_only, storage, workloads
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.containers import LoadedContainer, container
from local.measure.comparison.functions import THROTTLED, Functions, InvocationTally
from local.measure.comparison.measured import MeasuredFunction
from local.measure.comparison.result import Comparison, Read, Rounds, Storage
from local.measure.experiments.result import Schemas, decode
from local.measure.results import latest
from local.measure.statistics import StopRule, rounded

MIX = "mix"
Step = Callable[[str], None]
"""Receives what is done next."""


def compare(
    configuration: ComparisonConfig, own_workloads: Mapping[str, workloads.Data], environ: Mapping[str, str], step: Step
) -> Comparison:
    """Measure what is not `given`. Raises `UserError`.

    The Twitter service reads the store that TWITTER_STORE in `environ` names.
    """
    services = [name for name in configuration.services if name not in own_workloads]
    cores = split_cores()
    with ExitStack() as stack:
        stack.enter_context(pinned(cores.generator))
        step("preparing requests")
        requests = {
            name: requests_of({name: 1}, configuration.seed, environ, configuration.prepared) for name in services
        }
        bench = Rig(configuration, cores, requests, environ)
        if services:
            step("building the functions")
            bundle = from_template(FunctionLimits(), environ, say=step)
            bench.open(stack, bundle, step)
            bench.rounds(step)
    return bench.comparison(own_workloads)


class Rig:
    """Servers and functions that take turns."""

    tolerated: float = 0.0
    """Share of the answers that may be wrong or missing."""

    def __init__(
        self,
        configuration: ComparisonConfig,
        cores: Cores,
        requests: Mapping[str, list[PreparedRequest]],
        environ: Mapping[str, str],
    ) -> None:
        self._environ = environ
        self._configuration = configuration
        self._cores = cores
        self._requests = requests
        self._measured = {service: MeasuredFunction() for service in requests}
        self._containers: dict[str, LoadedContainer] = {}
        self._specs: dict[str, FunctionSpec] = {}
        self._functions: Functions | None = None
        self._rule = StopRule(
            configuration.min_rounds, configuration.max_rounds, configuration.tolerance, configuration.budget_seconds
        )
        self._ended = ""
        self._done = 0
        self._seconds = 0.0

    def open(self, stack: ExitStack, bundle: Bundle, step: Step) -> None:
        """Start everything: a server for each service and for their mix, an environment for each function and size."""
        configuration = self._configuration
        for service in self._requests:
            check_service(service, bundle.functions)
        self._specs = {service: bundle.functions[service] for service in self._requests}
        mixes = {service: {service: 1} for service in self._requests}
        if len(self._requests) > 1:
            mixes[MIX] = {service: configuration.weight(service) for service in self._requests}
        for name, mix in mixes.items():
            step(f"starting the container: {name}")
            requests = self._requests.get(name) or mixed(self._requests, mix, configuration)
            self._containers[name] = stack.enter_context(self._container(name, mix, requests))
        self._functions = stack.enter_context(Functions(self._specs, configuration.memory_mb, self._cores.server))
        for size in configuration.memory_mb:
            for service, requests in self._requests.items():
                step(f"cold start: {service} with {size:,} MB")
                init, tally = self._functions.start(service, size, requests[0])
                self._measured[service].inits.append(init)
                self._count(service, size, tally)

    def rounds(self, step: Step) -> None:
        """Round after round, until the spread is known."""
        begun = time.monotonic()
        reason = None
        while reason is None:
            self._round(f"round {self._done + 1}", step)
            self._done += 1
            self._seconds = time.monotonic() - begun
            reason = self._rule.reason(self._done, self._seconds, self._figures())
        self._ended = reason
        for service, requests in self._requests.items():
            step(f"burst: {service}")
            self._burst(service, requests)

    def comparison(self, own_workloads: Mapping[str, workloads.Data]) -> Comparison:
        """Return everything that was measured, with the workloads that are `given` in its place."""
        containers = {name: loaded.figures() for name, loaded in self._containers.items()}
        functions = {service: measured.figures() for service, measured in self._measured.items()}
        database, database_measured = queries_per_vcpu()
        derived = {}
        storage_figures: Storage | None = None
        for service, requests in self._requests.items():
            read = self._read(service, requests)
            derived[service] = workloads.derive(service, containers[service], functions[service], read, database)
            workloads.parse(derived[service], service)
            if read is not None:
                storage_figures = storage.stored(self._environ.get(f"{service.upper()}_STORE", ""), read)
        named = list(self._configuration.services)
        factor = workloads.mix_factor(containers, {name: self._configuration.weight(name) for name in named})
        both = {**own_workloads, **{name: {**work, "mix_factor": factor} for name, work in derived.items()}}
        url = self._environ.get("TWITTER_STORE", "")
        return Comparison(
            works={name: dict(both[name]) for name in [*named, *(name for name in own_workloads if name not in named)]},
            mix={name: self._configuration.weight(name) for name in named},
            container=containers,
            functions=functions,
            storage=storage_figures,
            assumptions=[*assumptions.ALWAYS, *assumptions.of_store(url, database, database_measured)],
            rounds=Rounds(
                done=self._done,
                ended=self._ended,
                seconds=round(self._seconds, 1),
                tolerance=self._configuration.tolerance,
                unconverged=self._rule.unconverged(self._figures()),
            ),
            placing=self._cores.note,
            emulator=self._functions.note if self._functions else "",
        )

    def _round(self, title: str, step: Step) -> None:
        configuration = self._configuration
        for serving in self._containers.values():
            step(f"{title}: {serving.name} in the container")
            serving.round(configuration, self._cores)
        for service in self._requests:
            requests = self._slice(service, configuration.invocations)
            measured = self._measured[service]
            for size in configuration.memory_mb:
                step(f"{title}: {service} on Lambda with {size:,} MB")
                turn = self._emulated.turn(service, size, requests)
                self._count(service, size, turn.tally)
                measured.turns.setdefault(size, []).append(turn)
            self._measure_parts(service, requests)

    def _container(
        self, name: str, mix: Mapping[str, int], requests: list[PreparedRequest]
    ) -> AbstractContextManager[LoadedContainer]:
        return container(name, mix, requests, self._cores, self._environ)

    def _read(self, service: str, requests: list[PreparedRequest]) -> Read | None:
        return storage.read_by(service, requests, self._environ)

    def _measure_parts(self, service: str, requests: list[PreparedRequest]) -> None:
        with pinned(self._cores.server):
            self._measured[service].parts.append(handler_only.measure(self._specs[service], requests))

    def _burst(self, service: str, requests: list[PreparedRequest]) -> None:
        size = max(self._configuration.memory_mb)
        burst, tally = self._emulated.burst(service, size, requests[: self._configuration.burst])
        _refuse_faults(service, size, tally, self.tolerated, but=THROTTLED)
        self._measured[service].burst = burst

    @property
    def _emulated(self) -> Functions:
        assert self._functions is not None  # noqa: S101 - opened
        return self._functions

    def _slice(self, service: str, count: int) -> list[PreparedRequest]:
        """Return this round's requests; the next round has others, so that the spread covers how requests differ."""
        requests = self._requests[service]
        first = self._done * count % len(requests)
        return (requests + requests)[first : first + count]

    def _count(self, service: str, size: int, tally: InvocationTally) -> None:
        _refuse_faults(service, size, tally, self.tolerated)
        self._measured[service].tally.add(tally)

    def _figures(self) -> dict[str, list[float]]:
        """Return every figure that has to converge: one value for each round."""
        spreads = {f"container {name}: cpu_ms": loaded.cpu_ms for name, loaded in self._containers.items()}
        for service, measured in self._measured.items():
            for size, turns in measured.turns.items():
                spreads[f"lambda {service}: {size} MB"] = [turn.duration_ms for turn in turns]
            spreads[f"lambda {service}: cpu_ms"] = [turn.cpu_ms for turn in measured.whole_vcpu]
        return spreads


def _refuse_faults(service: str, size: int, tally: InvocationTally, tolerated: float, but: str = "") -> None:
    """End the comparison where more than a share of the answers was wrong or missing, an error `but` apart."""
    errors = {name: count for name, count in tally.errors.items() if name != but}
    faults = tally.wrong + sum(errors.values())
    if faults > tolerated * (tally.right + faults):
        problem = f"{tally.wrong} wrong answers, errors {errors or 0}; nothing was written"
        raise UserError(f"{service} on Lambda with {size} MB: {problem}")


def mixed(
    requests: Mapping[str, list[PreparedRequest]], weights: Mapping[str, int], configuration: ComparisonConfig
) -> list[PreparedRequest]:
    """Draw as many requests as one service has from all of them by weight; the same for the same seed."""
    chance = random.Random(configuration.seed)  # noqa: S311 - a load, not a secret
    drawn = chance.choices(list(weights), list(weights.values()), k=configuration.prepared)
    following = {name: itertools.cycle(requests[name]) for name in weights}
    return [next(following[name]) for name in drawn]


def queries_per_vcpu() -> tuple[float, bool]:
    """Return the queries/s that keep one vCPU of the database busy, and whether `schemas` measured them."""
    result = latest("schemas")
    if result is None:
        return float(known(cost_files.workload("twitter").queries_per_vcpu)), False
    return rounded(1e6 / decode(result, Schemas).packed_server_us), True
