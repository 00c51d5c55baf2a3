"""Lambda through a period of traffic: request by request, or by rates. Pure."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from local.cost.formulas import known
from local.cost.instances import LAMBDA_SPEEDS
from local.cost.workload import Mix
from local.emulator.account import AccountLimits
from local.emulator.spec import Scaling
from local.simulate import rules
from local.simulate.clients import Clients
from local.simulate.job import Job, query_share
from local.simulate.lambda_events import EventFleet
from local.simulate.lambda_fluid import FluidFleet
from local.simulate.provisioned import ProvisionedConcurrency
from local.simulate.recorder import MinuteSample, Recorder
from local.simulate.settings import Settings
from local.simulate.traffic import DAY, Traffic

FEW_REQUESTS = 100_000
"""Requests up to which Lambda is simulated one by one."""
MAX_PARTS = 24
"""Amounts of provisioned concurrency that are priced apart, each with the requests of its time."""


def run(job: Job, *, by_rates: bool) -> tuple[Recorder, str]:
    """Return what happened, and by which model."""
    settings = job.settings
    by_rates = by_rates or bool(job.faults) or len(settings.provisioned) > 1 or settings.tracked is not None
    if job.traffic.requests <= FEW_REQUESTS and not by_rates:
        return _events(job), "requests one by one"
    return _fluid(job), "rates"


def provisioned_parts(
    traffic: Traffic, settings: Settings, samples: Sequence[MinuteSample]
) -> list[tuple[int, float, float]]:
    """Return each amount of provisioned concurrency with its share of the time and the mean rate then.

    What target tracking kept is taken from the minutes, in at most `MAX_PARTS` amounts; nothing where it never changed.
    """
    if settings.tracked:
        return _tracked_parts(samples)
    if len(settings.provisioned) < 2:
        return []
    seconds: Counter[int] = Counter()
    requests: Counter[int] = Counter()
    for at, rate in enumerate(traffic.rates):
        count = settings.provisioned_at(traffic.start + at * traffic.step)
        seconds[count] += 1
        requests[count] += rate  # type: ignore[assignment]
    return [(count, many / len(traffic.rates), requests[count] / many) for count, many in seconds.items()]


def _tracked_parts(samples: Sequence[MinuteSample]) -> list[tuple[int, float, float]]:
    low, high = min(one.nodes for one in samples), max(one.nodes for one in samples)
    width = max(1.0, (high - low) / MAX_PARTS)
    groups: dict[int, list[MinuteSample]] = {}
    for one in samples:
        groups.setdefault(min(MAX_PARTS - 1, int((one.nodes - low) / width)), []).append(one)
    return [
        (
            round(sum(one.nodes for one in group) / len(group)),
            len(group) / len(samples),
            sum(one.rate for one in group) / len(group),
        )
        for group in groups.values()
    ]


def service_on_lambda(mix: Mix, settings: Settings) -> tuple[float, float]:
    """Return a mean request's duration and INIT on Lambda, in seconds."""
    speed = LAMBDA_SPEEDS["arm64"].ratio
    memory = settings.memory_mb
    duration = known(mix.mean(lambda work: work.duration_ms(Fraction(memory), processor=speed)))
    init = known(mix.mean(lambda work: work.init_ms)) / speed
    return float(duration) / 1000, float(init) / 1000


def arrivals(traffic: Traffic, seed: int) -> Iterator[float]:
    """Yield the times of Poisson arrivals at the rates of the traffic."""
    chance = random.Random(seed)  # noqa: S311 (a simulation)
    for at, rate in enumerate(traffic.rates):
        now, end = at * traffic.step, (at + 1) * traffic.step
        while rate > 0:
            now += chance.expovariate(rate)
            if now >= end:
                break
            yield now


def _events(job: Job) -> Recorder:
    """Simulate each request by the emulator's fleet. What it refuses is not sent again: it is rare at low rates."""
    traffic, mix, settings = job.traffic, job.mix, job.settings
    duration, init = service_on_lambda(mix, settings)
    provisioned = settings.provisioned_at(0)
    scaling = Scaling(memory_mb=settings.memory_mb, timeout=900, provisioned=provisioned, idle_lifetime=settings.idle)
    fleet = EventFleet(scaling, AccountLimits(settings.concurrency), lambda: duration, lambda: init)
    times, recorder = list(arrivals(traffic, settings.seed)), Recorder()
    at, minute = 0, 60.0
    count = math.ceil(traffic.seconds / minute)
    for index in range(count):
        end = min((index + 1) * minute, traffic.seconds)
        first = at
        while at < len(times) and times[at] < end:
            at += 1
        counts = fleet.counts
        before = counts.environment_seconds, counts.seconds, counts.cold, counts.throttled
        fleet.run(times[first:at], end)
        came, cold, refused = at - first, counts.cold - before[2], counts.throttled - before[3]
        span = counts.seconds - before[1]
        recorder.latency(duration * 1000, came - cold - refused)
        recorder.latency((duration + init) * 1000, cold)
        recorder.step(
            index * minute,
            end - index * minute,
            requests=came,
            served=came - refused,
            cold=cold,
            lost=refused,
            refused=refused,
            capacity=rules.LAMBDA_RATE.value * settings.concurrency,
            units=(counts.environment_seconds - before[0]) / span if span else 0.0,
            nodes=provisioned,
            busy=came * duration / minute,
        )
        if index % 60 == 0:
            job.tell(index / count)
    return recorder


def _fluid(job: Job) -> Recorder:
    traffic, mix, settings = job.traffic, job.mix, job.settings
    duration, init = service_on_lambda(mix, settings)
    fleet = FluidFleet(duration, init, settings.idle, settings.concurrency, settings.seed)
    recorder, clients, step = Recorder(), Clients(settings.retries), traffic.step
    ready = ProvisionedConcurrency(settings, traffic.start, traffic.rates[0] * duration)
    _warm_up(fleet, job, ready.requested)
    coming = sorted(((fault.second - traffic.start) % DAY, fault.kind) for fault in job.faults)
    queries, dark = query_share(mix), 0.0
    for at, fresh in enumerate(traffic.rates):
        now = at * step
        broken = 0.0
        while coming and coming[0][0] <= now:
            kind = coming.pop(0)[1]
            if kind == "database":
                dark = now + settings.failover
            elif kind == "zone":
                share = 1 / rules.ZONES.value
                fleet.lose(share)
                broken = share * min(step, duration) / step  # what was at work there at that moment
        offered = clients.offered(fresh * step)
        did = fleet.step(now, step, offered / step, ready.at(now))
        ready.note(step, did.on_provisioned)
        failed = (offered - did.throttled) * (queries if now < dark else broken)
        lost = clients.fail(did.throttled + failed)
        served = offered - did.throttled - failed
        cold = min(did.cold, served)
        recorder.latency(duration * 1000, served - cold)
        recorder.latency((duration + init) * 1000, cold)
        recorder.step(
            now,
            step,
            requests=fresh * step,
            served=served,
            cold=cold,
            lost=lost,
            refused=did.throttled + failed,
            capacity=rules.LAMBDA_RATE.value * settings.concurrency,
            units=did.environments,
            nodes=ready.requested,
            busy=did.busy,
        )
        if at % 4096 == 0:
            job.tell(at / len(traffic.rates))
    recorder.close(traffic.seconds)
    return recorder


def _warm_up(fleet: FluidFleet, job: Job, ready: int) -> None:
    """Let the first rate last before the period, so that it begins with the environments of a day before."""
    steps = min(MAX_WARM_UP, math.ceil(2 * job.settings.idle / job.traffic.step))
    for at in range(-steps, 0):
        fleet.step(at * job.traffic.step, job.traffic.step, job.traffic.rates[0], ready)


MAX_WARM_UP = 7_200
"""Steps."""
