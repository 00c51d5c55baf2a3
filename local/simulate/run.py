"""One platform through a period of traffic: the model chosen, run, priced. Pure."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from local.cost.formulas import known
from local.cost.instances import FARGATE_SPEEDS, LAMBDA_SPEEDS, max_pods, speed_of, vcpus
from local.cost.price_book import PriceBook
from local.cost.resources.nodes import Nodes, system_reserve
from local.cost.workload import Mix
from local.emulator.account import AccountLimits
from local.emulator.spec import Scaling
from local.errors import UserError
from local.simulate import rules
from local.simulate.bills import Biller, Money
from local.simulate.clients import Clients
from local.simulate.cluster_autoscaler import NodeGroup
from local.simulate.containers import ContainerFleet
from local.simulate.faults import Effect, InjectedFault, effects
from local.simulate.hpa import Autoscaler
from local.simulate.lambda_events import EventFleet
from local.simulate.lambda_fluid import FluidFleet
from local.simulate.recorder import MinuteSample, Recorder
from local.simulate.settings import PLATFORMS, Settings
from local.simulate.target_tracking import TargetTracking
from local.simulate.traffic import DAY, HOUR, Traffic

FEW_REQUESTS = 100_000
"""Requests up to which Lambda is simulated one by one."""
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Outcome:
    """What a platform did with the traffic."""

    platform: str
    name: str
    model: str
    requests: float
    shares: dict[str, float]
    """Of the requests: `cold`, `pod`, `node`, `lost`; of the attempts: `refused` or timed out."""
    latency_ms: dict[str, float | None]
    """p50, p95, p99."""
    utilisation: float
    """Busy share of the CPU or of the environments that are paid or kept, over the period."""
    units: float
    nodes: float
    money: Money
    hours: tuple[float, ...]
    """Dollars in each hour of the period."""
    samples: tuple[MinuteSample, ...]
    effects: tuple[Effect, ...] = ()


def service_on_lambda(mix: Mix, settings: Settings) -> tuple[float, float]:
    """Return a mean request's duration and INIT on Lambda, in seconds."""
    speed = LAMBDA_SPEEDS["arm64"].ratio
    memory = settings.memory_mb
    duration = known(mix.mean(lambda work: work.duration_ms(Fraction(memory), processor=speed)))
    init = known(mix.mean(lambda work: work.init_ms)) / speed
    return float(duration) / 1000, float(init) / 1000


@dataclass(frozen=True)
class Job:
    """A platform and what it has to serve."""

    platform: str
    traffic: Traffic
    mix: Mix
    settings: Settings
    faults: tuple[InjectedFault, ...] = ()
    tell: Tell = lambda share: None
    """Called with the share that is done."""


def simulate(job: Job, book: PriceBook, region: str = "us-east-1") -> Outcome:
    """Put the traffic through a platform.

    Raises:
        UserError: A setting does not fit the platform.
    """
    check_memory(job.platform, job.mix, job.settings)
    recorder, model = _run(job)
    found: tuple[Effect, ...] = ()
    if job.faults:
        calm, _ = _run(replace(job, faults=(), tell=lambda share: None), by_rates=True)
        found = tuple(effects(job.faults, job.traffic.start, recorder.samples, calm.samples))
    biller = Biller(job.platform, job.settings, job.mix, book, region)
    return _outcome(job, model, biller, recorder, found)


def _run(job: Job, *, by_rates: bool = False) -> tuple[Recorder, str]:
    if job.platform != "lambda":
        fleet = container_fleet(job.platform, job.mix, job.settings)
        return fleet.run(job.traffic, job.faults, job.tell), "rates"
    by_rates = by_rates or bool(job.faults) or len(job.settings.provisioned) > 1
    if job.traffic.requests <= FEW_REQUESTS and not by_rates:
        return _events(job), "requests one by one"
    return _fluid(job), "rates"


def check_memory(platform: str, mix: Mix, settings: Settings) -> None:
    """Refuse a function that is too small for its work."""
    needed = max(float(known(work.memory_mb)) for work, _ in mix.shares)
    if platform == "lambda" and needed > settings.memory_mb:
        raise UserError(f"--memory: the work needs {needed:g} MB; give at least that")


def _outcome(job: Job, model: str, biller: Biller, recorder: Recorder, found: tuple[Effect, ...]) -> Outcome:
    platform, traffic = job.platform, job.traffic
    sums, samples = recorder.sums, recorder.samples
    requests = max(sums["requests"], 1e-12)
    paid = "nodes" if platform in ("lambda", "eks-nodes") else "units"
    served = sums["served"] / traffic.seconds
    parts = _provisioned_parts(traffic, job.settings) if platform == "lambda" else []
    money = biller.money(recorder.mean(paid), served, sums["cold"] / max(sums["served"], 1e-12), parts)
    hours: dict[int, list[MinuteSample]] = {}
    for sample in samples:
        hours.setdefault(int((sample.second + traffic.start % HOUR) // HOUR), []).append(sample)
    costs = tuple(
        sum(money.hour(getattr(one, paid), one.rate * HOUR) for one in group) / 60 for group in hours.values()
    )
    kept = recorder.mean("units")
    at_work = sum(one.busy * (1 if platform == "lambda" else one.units) for one in samples) / max(1, len(samples))
    return Outcome(
        platform,
        PLATFORMS[platform],
        model,
        requests,
        {
            **{name: sums[name] / requests for name in ("cold", "pod", "node", "lost")},
            "refused": sums["refused"] / max(1e-12, sums["served"] + sums["refused"]),
        },
        {f"p{share:g}": recorder.latencies.quantile(share / 100) for share in (50, 95, 99)},
        at_work / kept if kept else 0.0,
        kept,
        recorder.mean("nodes"),
        money,
        costs,
        tuple(samples),
        found,
    )


def _provisioned_parts(traffic: Traffic, settings: Settings) -> list[tuple[int, float, float]]:
    """Return each amount of provisioned concurrency with its share of the time and the mean rate then."""
    if len(settings.provisioned) < 2:
        return []
    seconds: Counter[int] = Counter()
    requests: Counter[int] = Counter()
    for at, rate in enumerate(traffic.rates):
        count = settings.provisioned_at(traffic.start + at * traffic.step)
        seconds[count] += 1
        requests[count] += rate  # type: ignore[assignment]
    return [(count, many / len(traffic.rates), requests[count] / many) for count, many in seconds.items()]


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
    _warm_up(fleet, job)
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
        provisioned = settings.provisioned_at(traffic.start + now)
        offered = clients.offered(fresh * step)
        did = fleet.step(now, step, offered / step, provisioned)
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
            nodes=provisioned,
            busy=did.busy,
        )
        if at % 4096 == 0:
            job.tell(at / len(traffic.rates))
    recorder.close(traffic.seconds)
    return recorder


def _warm_up(fleet: FluidFleet, job: Job) -> None:
    """Let the first rate last before the period, so that it begins with the environments of a day before."""
    steps = min(MAX_WARM_UP, math.ceil(2 * job.settings.idle / job.traffic.step))
    ready = job.settings.provisioned_at(job.traffic.start)
    for at in range(-steps, 0):
        fleet.step(at * job.traffic.step, job.traffic.step, job.traffic.rates[0], ready)


MAX_WARM_UP = 7_200
"""Steps."""


def query_share(mix: Mix) -> float:
    """Return the share of the requests that need a database."""
    return sum(float(known(share)) for work, share in mix.shares if known(work.queries))


def container_fleet(platform: str, mix: Mix, settings: Settings) -> ContainerFleet:
    """Return the tasks or pods of a platform for the work."""
    cpu = float(known(mix.cpu_ms))
    waiting = float(known(mix.mean(lambda work: work.wait_ms)))
    nodes = None
    hpa = Autoscaler(settings.target, settings.minimum, settings.maximum)
    scaler: Autoscaler | TargetTracking = hpa
    start = settings.fargate_start + rules.REGISTRATION.value
    if platform == "ecs-fargate":
        vcpu, speed = 1.0, float(FARGATE_SPEEDS["arm64"].ratio)
        scaler = TargetTracking(settings.target, settings.minimum, settings.maximum)
    elif platform == "eks-fargate":
        vcpu, speed = 1.0, float(FARGATE_SPEEDS["x86_64"].ratio)
    else:
        vcpu, speed = settings.pod_vcpu, float(speed_of(settings.instance).ratio)
        start = settings.pod_start + rules.REGISTRATION.value
        nodes = NodeGroup(pods_per_node(settings), boot=settings.node_boot)
    return ContainerFleet(
        rate=vcpu * speed * 1000 / cpu,
        service=cpu / speed,
        waiting=waiting,
        start=start,
        scaler=scaler,
        nodes=nodes,
        cv=settings.cv,
        timeout=settings.timeout,
        retries=settings.retries,
        failover=settings.failover,
        query_share=query_share(mix),
    )


def pods_per_node(settings: Settings) -> int:
    """Return how many pods a node holds: by CPU, less what the kubelet and DaemonSets take, and by addresses (ENI).

    Raises:
        UserError: It holds none.
    """
    node = Nodes(instance=settings.instance)
    cores = vcpus(settings.instance)
    free = float(cores - system_reserve(cores) - known(node.daemon_vcpu))
    by_cpu = int(free / settings.pod_vcpu + 1e-9)
    pods = min(by_cpu, int(max_pods(settings.instance)) - int(known(node.system_pods)))
    if pods < 1:
        raise UserError(f"--instance: {settings.instance} holds no pod of {settings.pod_vcpu:g} vCPU")
    return pods


def fixed(settings: Settings, units: int) -> Settings:
    """Return the settings with a fleet that does not scale."""
    return replace(settings, minimum=units, maximum=units)
