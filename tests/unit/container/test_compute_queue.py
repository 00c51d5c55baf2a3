"""How the container computes: what is short at once, what is long in slices and in order, nobody for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from container.app import in_slices
from container.compute_queue import FIRST_UNITS, MAX_LONG, SHORT_UNITS, SLICE_UNITS, ComputeQueue, Computing
from container.runner import ContainerRunner
from container.settings import ContainerSettings
from crossover.runner import Later, Unavailable
from crossover.seam import Computation, Done
from functions.blockchain.handler import SERVICE as BLOCKCHAIN
from functions.qrcode.handler import SERVICE as QRCODE
from tests.services.primes import Search


@dataclass(frozen=True)
class Count:
    """A work of so many units, that notes when it is advanced and ends with its name."""

    name: str
    units: int
    noted: list[str]

    def advance(self, units: int) -> Count | Done:
        self.noted.append(self.name)
        if self.units <= units:
            return Done(self.name, self.units)
        return replace(self, units=self.units - units)


class Endless:
    """A work that never ends."""

    def advance(self, units: int) -> Endless | Done:
        return self


class Failing:
    """A work with a fault, in its second slice."""

    def advance(self, units: int) -> Done:
        raise ZeroDivisionError


@dataclass(frozen=True)
class Then:
    """A work whose first slice leads to another work."""

    work: Failing | Endless

    def advance(self, units: int) -> Failing | Endless:
        return self.work


def idle_clock() -> Iterator[float]:
    """No time passes: a turn is a slice."""
    while True:
        yield 0.0


def slices(places: int = 64, seconds: float = 60, clock: Iterator[float] | None = None) -> ComputeQueue:
    ticks = clock or idle_clock()
    return ComputeQueue(places, seconds, clock=lambda: next(ticks))


async def computed(computing: Computing, computation: Computation) -> Any:
    """The value of a computation, now or later."""
    value = computing.compute(computation)
    return await value.value if isinstance(value, Later) else value


async def test_what_ends_in_its_first_slice_waits_for_nobody() -> None:
    computing = slices(places=1)
    blocking = asyncio.create_task(computed(computing, Endless()))
    await asyncio.sleep(0)
    assert computing.compute(Count("short", FIRST_UNITS, [])) == "short"
    blocking.cancel()


async def test_the_loop_turns_between_two_slices() -> None:
    noted: list[str] = []

    async def other() -> None:
        while True:
            noted.append("other")
            await asyncio.sleep(0)

    watcher = asyncio.create_task(other())
    assert await computed(slices(), Count("long", FIRST_UNITS + 19 * SLICE_UNITS, noted)) == "long"
    watcher.cancel()
    runs = "".join("o" if each == "other" else "s" for each in noted)
    assert "ss" not in runs
    assert runs.count("s") == 20


async def test_a_loop_that_is_busy_gives_computing_a_third_of_its_time() -> None:
    now = 0.0
    noted: list[str] = []

    @dataclass(frozen=True)
    class Slow(Count):
        def advance(self, units: int) -> Count | Done:
            nonlocal now
            now += 0.001
            return super().advance(units)

    async def busy() -> None:
        nonlocal now
        while True:
            now += 0.012
            noted.append("busy")
            await asyncio.sleep(0)

    watcher = asyncio.create_task(busy())
    await computed(ComputeQueue(1, 60, clock=lambda: now), Slow("slice", FIRST_UNITS + 60 * SLICE_UNITS, noted))
    watcher.cancel()
    # The first slice is inline; the others of 1 ms get 6 ms for each 12 ms.
    assert noted.count("busy") in (60 // 6, 60 // 6 + 1)


async def test_however_long_the_loop_was_kept_from_computing_slices_in_a_row_are_bounded() -> None:
    now = 0.0
    noted: list[str] = []

    @dataclass(frozen=True)
    class Slow(Count):
        def advance(self, units: int) -> Count | Done:
            nonlocal now
            now += 0.001
            return super().advance(units)

    computing = ComputeQueue(1, 60, clock=lambda: now)
    task = asyncio.create_task(computed(computing, Slow("slice", 1_000 * SLICE_UNITS, noted)))
    await asyncio.sleep(0)
    now += 3600
    await asyncio.sleep(0)
    assert len(noted) in (1 + 250, 1 + 251)
    task.cancel()


async def test_short_computations_take_turns_and_do_not_wait_for_long_ones() -> None:
    noted: list[str] = []
    computing = slices()
    long = [asyncio.create_task(computed(computing, Count(name, 10 * SHORT_UNITS, noted))) for name in ("one", "two")]
    for _ in range(50):
        await asyncio.sleep(0)
    noted.clear()
    short = asyncio.create_task(computed(computing, Count("short", FIRST_UNITS + 2 * SLICE_UNITS, noted)))
    assert await short == "short"
    # Every other slice is a long one's.
    assert len(noted) <= 7
    await asyncio.gather(*long)


async def test_long_computations_are_done_one_by_one_in_the_order_of_their_arrival() -> None:
    noted: list[str] = []
    computing = slices()
    works = [Count(name, 3 * SHORT_UNITS, noted) for name in ("one", "two", "three")]
    await asyncio.gather(*(computed(computing, work) for work in works))
    last = {name: len(noted) - noted[::-1].index(name) for name in ("one", "two", "three")}
    assert sorted(last, key=last.__getitem__) == ["one", "two", "three"]
    after_short = noted[3 * SHORT_UNITS // SLICE_UNITS :]
    assert after_short == sorted(after_short, key=["one", "two", "three"].index)


@dataclass(frozen=True)
class Announced(Count):
    """One that knows its length."""

    def expected_units(self) -> float:
        return self.units


async def test_clients_that_are_refused_and_ask_again_do_not_starve_long_ones_that_have_a_place() -> None:
    noted: list[str] = []
    computing = slices()
    long = [asyncio.create_task(computed(computing, Count(str(n), 5 * SHORT_UNITS, noted))) for n in range(MAX_LONG)]

    async def ask_again_and_again() -> None:
        while True:
            with contextlib.suppress(Unavailable):
                await computed(computing, Count("again", 5 * SHORT_UNITS, noted))

    impatient = asyncio.create_task(ask_again_and_again())
    await asyncio.gather(*long)
    impatient.cancel()
    assert noted.count("again") <= sum(noted.count(str(n)) for n in range(MAX_LONG)) + SHORT_UNITS // SLICE_UNITS


async def test_a_long_one_that_says_so_is_refused_before_it_costs_anything() -> None:
    noted: list[str] = []
    computing = slices()
    long = [computing.compute(Announced(str(n), 5 * SHORT_UNITS, noted)) for n in range(MAX_LONG)]
    with pytest.raises(Unavailable, match="8 computations wait already"):
        computing.compute(Announced("late", 5 * SHORT_UNITS, noted))
    assert "late" not in noted
    assert computing.compute(Announced("short", FIRST_UNITS, noted)) == "short"
    assert await asyncio.gather(*(each.value for each in long)) == [str(n) for n in range(MAX_LONG)]
    # In order from the beginning: none takes a short one's turns.
    assert noted[MAX_LONG + 1 :] == sorted(noted[MAX_LONG + 1 :])


async def test_a_long_computation_that_finds_no_place_among_the_long_ones_hears_it_at_once() -> None:
    noted: list[str] = []
    computing = slices()
    long = [asyncio.create_task(computed(computing, Count(str(n), 5 * SHORT_UNITS, noted))) for n in range(MAX_LONG)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="8 computations wait already"):
        await computed(computing, Count("late", 5 * SHORT_UNITS, noted))
    assert noted.count("late") == 1 + (SHORT_UNITS - FIRST_UNITS) // SLICE_UNITS
    assert await asyncio.gather(*long) == [str(n) for n in range(MAX_LONG)]
    assert computing.stats().refused == 1


async def test_a_full_queue_refuses_until_a_place_is_given_back() -> None:
    computing = slices(places=1)
    first = asyncio.create_task(computed(computing, Endless()))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="wait already"):
        await computed(computing, Endless())
    assert computing.stats()[:1] + computing.stats()[4:] == (1, 1, 0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert computing.stats().waiting == 0
    assert await computed(computing, Search(10**6)) == 1_000_003


async def test_a_computation_that_runs_out_of_time_is_unavailable_and_gives_its_place_back() -> None:
    computing = slices(places=1, seconds=0)
    for _ in range(3):
        with pytest.raises(Unavailable, match="not done within 0 s"):
            await computed(computing, Endless())
    assert (computing.stats().waiting, computing.stats().out_of_time) == (0, 3)


async def test_a_computation_with_a_fault_is_its_own_requests_trouble() -> None:
    computing = slices()
    failing = asyncio.create_task(computed(computing, Then(Failing())))
    assert await computed(computing, Count("right", 5 * SLICE_UNITS, [])) == "right"
    with pytest.raises(ZeroDivisionError):
        await failing
    assert computing.stats().waiting == 0


async def test_units_are_counted_as_they_are_done() -> None:
    computing = slices()
    await asyncio.gather(*(computed(computing, Count("", units, [])) for units in (7, 150, 151, 1234)))
    stats = computing.stats()
    assert (stats.units, stats.ended, stats.queued, stats.waiting) == (7 + 150 + 151 + 1234, 4, 2, 0)


async def test_attempts_of_the_blockchain_service_are_shown_and_nothing_of_a_service_that_does_not_compute() -> None:
    computing: Computing = in_slices(ContainerSettings())
    (figures,) = ContainerRunner(BLOCKCHAIN, None, computing).figures
    assert (figures.name, figures.service, figures.gauges) == ("computing", "blockchain", {"waiting"})
    assert figures.read() == computing.stats()
    assert ContainerRunner(QRCODE, None, computing).figures == ()
