"""One platform through a period of traffic: the model chosen, run, priced. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from local.cost.formulas import known
from local.cost.instances import FARGATE_SPEEDS, max_pods, speed_of, vcpus
from local.cost.price_book import PriceBook
from local.cost.resources.nodes import Nodes, system_reserve
from local.cost.workload import Mix
from local.errors import UserError
from local.simulate import lambda_run, rules
from local.simulate.bills import Biller, Money
from local.simulate.cluster_autoscaler import NodeGroup
from local.simulate.containers import ContainerFleet
from local.simulate.faults import Effect, effects
from local.simulate.hpa import Autoscaler
from local.simulate.job import Job, query_share
from local.simulate.karpenter import KarpenterPool
from local.simulate.node_fleet import NodeFleet
from local.simulate.recorder import MinuteSample, Recorder
from local.simulate.settings import PLATFORMS, Settings
from local.simulate.target_tracking import TargetTracking
from local.simulate.traffic import HOUR


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
    return lambda_run.run(job, by_rates=by_rates)


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
    parts = lambda_run.provisioned_parts(traffic, job.settings, samples) if platform == "lambda" else []
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


def container_fleet(platform: str, mix: Mix, settings: Settings) -> ContainerFleet:
    """Return the tasks or pods of a platform for the work."""
    cpu = float(known(mix.cpu_ms))
    waiting = float(known(mix.mean(lambda work: work.wait_ms)))
    nodes: NodeFleet | None = None
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
        nodes = node_fleet(settings)
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
        slow_start=settings.slow_start,
    )


def node_fleet(settings: Settings) -> NodeFleet:
    """Return the nodes under the autoscaler that the settings name."""
    pods = pods_per_node(settings)
    if settings.node_scaler == "karpenter":
        return KarpenterPool(pods, boot=settings.node_boot, consolidate_after=settings.consolidate_after)
    return NodeGroup(pods, boot=settings.node_boot)


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
