"""The simulation against what is known: closed forms, experiments on AWS, Kubernetes' own examples, its own seam."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from local.emulator.account import AccountLimits
from local.emulator.spec import Scaling
from local.measure.experiments.result import RampResult
from local.simulate.container_ramp import against_container
from local.simulate.error_check import ErrorCheck
from local.simulate.hpa import Autoscaler, Behaviour, Policy
from local.simulate.hpa_replay import HpaSeries, against_cluster
from local.simulate.lambda_events import EventFleet, poisson_arrivals
from local.simulate.lambda_fluid import FluidFleet
from local.simulate.queueing import mg1_wait, mmc_wait, simulated_wait

MEASURED_FILE = Path(__file__).parent / "lambda-measured.csv"
VALIDATION_FILE = Path(__file__).parent / "validation.json"
"""The errors as `crossover simulate --validate --json` printed them last."""
QUEUE_REQUESTS = 600_000
LAMBDA_REQUESTS = 100_000


def validate(
    scale: float = 1.0,
    tell: Callable[[str], None] = lambda what: None,
    ramp: RampResult | None = None,
    cluster: HpaSeries | None = None,
) -> Iterator[ErrorCheck]:
    """Yield every check; `scale` shortens the simulated ones.

    Args:
        scale: Share of the simulated requests.
        tell: Called with what is checked next.
        ramp: What `crossover experiment ramp` measured; without it the container is left out.
        cluster: What `make test-cluster` kept of its HPA; without it the real HPA is left out.
    """
    tell("queues")
    yield from queues(round(QUEUE_REQUESTS * scale))
    if ramp is not None:
        tell("container")
        yield from against_container(ramp)
    tell("HPA")
    yield from autoscaler()
    if cluster is not None:
        yield against_cluster(cluster)
    tell("Lambda, rates against single requests")
    yield from seam()
    tell("Lambda, experiments on AWS")
    yield from on_aws(round(LAMBDA_REQUESTS * scale))


def queues(requests: int) -> Iterator[ErrorCheck]:
    """Yield simulated queues against M/D/1 and M/M/c, at loads of 50 and 70 %."""
    for load in (0.5, 0.7):
        wait = simulated_wait(1, load, 1.0, constant=True, requests=requests)
        yield _off("mean wait of one worker", f"M/D/1 at {load:.0%}", wait, mg1_wait(load, 1.0, 0.0), 2)
        for servers in (2, 4):
            wait = simulated_wait(servers, load * servers, 1.0, constant=False, requests=requests)
            exact = mmc_wait(servers, load * servers, 1.0)
            yield _off(f"mean wait of {servers} workers", f"M/M/{servers} at {load:.0%}", wait, exact, 2)


def _off(what: str, against: str, found: float, exact: float, limit: float) -> ErrorCheck:
    return ErrorCheck(what, against, abs(found / exact - 1) * 100, limit, f"{found:.4g} against {exact:.4g}")


def autoscaler() -> Iterator[ErrorCheck]:
    """Yield the HPA against sequences that Kubernetes' documentation and KEP 853 write out."""
    for what, found, expected in sequences():
        wrong = sum(one != other for one, other in zip(found, expected, strict=True)) / len(expected) * 100
        yield ErrorCheck("replicas of the HPA", what, wrong, 0, f"{_arrows(found)}; documented: {_arrows(expected)}")


def _arrows(values: list[int]) -> str:
    return " → ".join(map(str, values))


def sequences() -> list[tuple[str, list[int], list[int]]]:
    """Return documented examples: what they are, what the rule gives, what the document says."""
    plain = Autoscaler(100, 1, 100)
    ratios = [plain.desired(3, 200), plain.desired(4, 50), plain.desired(10, 105), plain.desired(10, 92)]
    walk = Autoscaler(50, 1, 10)
    down = Autoscaler(50, 1, 1000, down=Behaviour((Policy("pods", 4, 60), Policy("percent", 10, 60))))
    slow = Autoscaler(50, 1, 1000, down=Behaviour((Policy("pods", 5, 600),), 600))
    up = Autoscaler(50, 1, 1000, up=Behaviour((Policy("percent", 900, 60),)))
    default = Autoscaler(50, 1, 1000)
    wanted = [10, 9, 8, 9, 9, 8, 9, 8, 9, 8, 7]
    kept, replicas = [], 10
    for minute, want in enumerate(wanted):
        replicas = slow.decide(minute * 60, replicas, want * 50 / replicas * 0.999)
        kept.append(replicas)
    return [
        ("ratio 2.0, ratio 0.5, within 0.1 of 1 (page, algorithm details)", ratios, [6, 2, 10, 10]),
        ("305 % of a target of 50 % (walkthrough)", [walk.desired(1, 305)], [7]),
        ("80 pods, 4 pods or 10 % a minute (page, behavior)", _steps(down, 80, 0.1, 60, 2), [72, 64]),
        (
            "38 pods, the same: below 40 pods the 4 count",
            _steps(Autoscaler(50, 1, 1000, down=down.down), 38, 0.1, 60, 2),
            [34, 30],
        ),
        ("900 % a minute (KEP 853, story 1)", _steps(up, 1, 1e6, 60, 3), [10, 100, 1000]),
        ("default: 4 pods or 100 % in 15 s (follows from the page)", _steps(default, 1, 1e6, 15, 4), [5, 10, 20, 40]),
        ("window of 600 s over 10 9 8 9 9 8 9 8 9 8 7 (KEP 853)", kept[-2:], [10, 9]),
    ]


def _steps(scaler: Autoscaler, replicas: int, utilisation: float, period: float, times: int) -> list[int]:
    errors = []
    for at in range(times):
        replicas = scaler.decide(at * period, replicas, utilisation)
        errors.append(replicas)
    return errors


SEAM_RATE, SEAM_SECONDS, SEAM_DURATION, SEAM_INIT, SEAM_IDLE = 10.0, 4_000, 0.4, 0.5, 60.0


def seam(seconds: int = SEAM_SECONDS, seeds: int = 3) -> Iterator[ErrorCheck]:
    """Yield Lambda by rates against Lambda request by request, where one hands over to the other."""
    cold, size = [0.0, 0.0], [0.0, 0.0]
    for seed in range(seeds):
        chance = random.Random(seed)  # noqa: S311 (a simulation)
        scaling = Scaling(timeout=900, idle_lifetime=SEAM_IDLE)
        events = EventFleet(scaling, AccountLimits(), lambda: SEAM_DURATION, lambda: SEAM_INIT)
        counts = events.run(poisson_arrivals(SEAM_RATE, seconds, chance), seconds)
        fluid = FluidFleet(SEAM_DURATION, SEAM_INIT, SEAM_IDLE, 1000, seed)
        steps = [fluid.step(second, 1.0, SEAM_RATE) for second in range(seconds)]
        cold[0] += sum(step.cold for step in steps)
        cold[1] += counts.cold
        size[0] += sum(step.environments for step in steps) / seconds
        size[1] += counts.mean_environments
    what = f"{SEAM_RATE:g}/s, {SEAM_DURATION:g} s, idle {SEAM_IDLE:g} s"
    yield _off("Lambda by rates: cold starts", f"request by request, {what}", cold[0], cold[1], 15)
    yield _off("Lambda by rates: environments", f"request by request, {what}", size[0], size[1], 5)


def on_aws(requests: int) -> Iterator[ErrorCheck]:
    """Yield the mean absolute percentage errors over ten published experiments on AWS. Nothing is fitted to them."""
    cold, size, deviations = [], [], []
    with MEASURED_FILE.open(newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    for seed, row in enumerate(rows):
        chance = random.Random(seed)  # noqa: S311 (a simulation)
        rate, warm, init = row["arrival_rate_per_s"], row["warm_ms"] / 1000, (row["cold_ms"] - row["warm_ms"]) / 1000
        scaling = Scaling(timeout=900, idle_lifetime=row["idle_minutes"] * 60)
        fleet = EventFleet(scaling, AccountLimits(), lambda warm=warm: warm, lambda init=init: init)  # type: ignore[misc]
        counts = fleet.run(poisson_arrivals(rate, requests / rate, chance), requests / rate)
        probability = counts.cold / counts.requests
        cold.append(abs(probability / row["cold_start_probability"] - 1) * 100)
        size.append(abs(counts.mean_environments / row["average_instances"] - 1) * 100)
        deviations.append(row["cold_start_probability_se"] / row["cold_start_probability"] * 100)
    # The mean of |x| of a normal x is its deviation times the root of 2/pi.
    own = math.fsum(deviations) / len(rows)
    exact = own * math.sqrt(2 / math.pi)
    noise = f"the measurements' standard error is {own:.1f} %: an exact model is off by {exact:.1f} %"
    about = f"ten experiments on AWS, {requests:,} simulated requests each"
    yield ErrorCheck("probability of a cold start, mean error", about, sum(cold) / len(rows), 12, noise)
    yield ErrorCheck(
        "mean number of environments, mean error", about, sum(size) / len(rows), 3, "the best published: 3.05 %"
    )
