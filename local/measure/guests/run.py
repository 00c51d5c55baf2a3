"""A guest's comparison: its answers on both platforms first, then the same measurement as the bundle's services."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from local.emulator.bundle import Bundle, FunctionLimits
from local.errors import UserError
from local.guest.application import Guest
from local.guest.check import checked
from local.guest.emulated import bundle_of, function_of
from local.guest.served import served_guest
from local.guest.store import on_a_copy
from local.load.api import PreparedRequest
from local.measure.affinity import Cores, pinned, real_time, split_cores
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.containers import LoadedContainer
from local.measure.comparison.result import Assumption, Comparison, Read
from local.measure.comparison.run import Rig
from local.measure.guests import findings
from local.measure.guests.asking import HOST, ask_container, ask_lambda
from local.measure.guests.inspection import inspect
from local.workloads.mix import Message
from local.workloads.requests.recorded import FORWARDED, RecordedRequest

Step = Callable[[str], None]
"""Receives what is done next."""
ANSWERS_MEMORY_MB = 1769
"""Memory of the function whose answers are compared: a whole vCPU."""
TOLERATED = 0.05
"""Share of the answers under load that may have another status than alone: an application's store may be locked."""
ROOM = 1.15
"""Memory that a function is given, over the peak that was seen."""


def compare_guest(
    guest: Guest,
    requests: Sequence[RecordedRequest],
    ignored: Collection[str],
    configuration: ComparisonConfig,
    step: Step,
) -> Comparison:
    """Compare a guest's answers, and measure it with the requests that are answered alike every time.

    Raises:
        UserError: where it cannot be run, or no request can be measured.
        BadSpec: where Lambda would refuse its configuration.
    """
    with TemporaryDirectory(prefix="crossover-") as name:
        scratch = Path(name)
        step(f"importing {guest.reference}")
        interpreter = checked(guest)
        step("inspecting the application")
        inspection = inspect(on_a_copy(guest, scratch / "inspected"), requests)
        step("asking the container")
        with served_guest(on_a_copy(guest, scratch / "container")) as server:
            container = ask_container(server.address, requests)
        step("asking Lambda")
        function = function_of(
            on_a_copy(guest, scratch / "lambda"), interpreter, FunctionLimits(memory_mb=ANSWERS_MEMORY_MB)
        )
        on_lambda = ask_lambda(function, requests)
        peak_mb = on_lambda.peak_bytes / 2**20
        sizes = tuple(size for size in configuration.memory_mb if size >= peak_mb * ROOM)
        if not sizes:
            raise UserError(f"{guest.name} needs {peak_mb:,.0f} MB; none of {configuration.memory_mb} MB is enough")
        found = findings.of_answers(requests, container, on_lambda.answers, ignored)
        found += findings.of_inspection(requests, inspection)
        found += findings.of_memory(peak_mb, min(sizes))
        found += findings.of_store(guest.variables.get(guest.store_variable, ""))
        numbers = findings.steady(requests, container, on_lambda.answers)
        prepared = [
            _prepared(guest.name, requests[number], container[0][number].status)
            for number in numbers
            if requests[number].method != "HEAD"
        ]
        left_out = findings.of_left_out(requests, container, on_lambda.answers)
        if not prepared:
            raise UserError(
                "no request can be measured: " + "; ".join(finding.detail for finding in [*left_out, *found][:3])
            )
        found += left_out
        configuration = replace(configuration, services=(guest.name,), memory_mb=sizes)
        bundle = bundle_of(on_a_copy(guest, scratch / "function"), interpreter, FunctionLimits())
        measured = _measured(on_a_copy(guest, scratch / "server"), configuration, prepared, bundle, step)
        found += findings.of_faults(measured.container[guest.name], measured.functions[guest.name])
        return msgspec.structs.replace(measured, findings=found)


def _measured(
    guest: Guest, configuration: ComparisonConfig, prepared: list[PreparedRequest], bundle: Bundle, step: Step
) -> Comparison:
    cores = split_cores()
    repeated = (prepared * -(-max(configuration.invocations, configuration.burst) // len(prepared)))[
        : max(len(prepared), 200)
    ]
    with ExitStack() as stack:
        stack.enter_context(pinned(cores.generator))
        rig = GuestRig(guest, configuration, cores, {guest.name: repeated})
        rig.open(stack, bundle, step)
        rig.rounds(step)
    measured = rig.comparison({})
    kept = [
        assumption for assumption in measured.assumptions if assumption.name not in ("requests", "queries_per_vcpu")
    ]
    said = Assumption(
        "requests", f"{len(prepared)} recorded", "", "the requests of the file, each as often as the others"
    )
    return msgspec.structs.replace(measured, assumptions=[*kept, said])


class GuestRig(Rig):
    """Servers and functions of a guest."""

    tolerated = TOLERATED

    def __init__(
        self, guest: Guest, configuration: ComparisonConfig, cores: Cores, prepared: Mapping[str, list[PreparedRequest]]
    ) -> None:
        super().__init__(configuration, cores, prepared, {})
        self._guest = guest

    def _container(
        self, name: str, mix: Mapping[str, int], prepared: list[PreparedRequest]
    ) -> AbstractContextManager[LoadedContainer]:
        return _container(self._guest, mix, prepared, self._cores)

    def _read(self, service: str, prepared: list[PreparedRequest]) -> Read | None:
        """Return None: what an application reads is its own affair."""

    def _measure_parts(self, service: str, prepared: list[PreparedRequest]) -> None:
        """Measure nothing: the application cannot be called without its adapter."""


@contextmanager
def _container(
    guest: Guest, mix: Mapping[str, int], prepared: Sequence[PreparedRequest], cores: Cores
) -> Iterator[LoadedContainer]:
    begun = time.perf_counter()
    with ExitStack() as stack:
        with pinned(cores.server), real_time():
            server = stack.enter_context(served_guest(guest))
        start_ms = (time.perf_counter() - begun) * 1000
        yield LoadedContainer(guest.name, mix, prepared, server, start_ms, tolerated=TOLERATED)


def _prepared(name: str, request: RecordedRequest, status: int) -> PreparedRequest:
    headers = request.headers_sent(("host", HOST), *FORWARDED)
    return PreparedRequest(request.target, b"", Message(name, request.method, headers, request.body, status))
