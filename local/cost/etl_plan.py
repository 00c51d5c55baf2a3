"""Plan a load of the ETL: hours, memory, disk, shuffle and dollars of each engine at a size that was not run. Pure.

The coefficients come from measured loads: CPU is a fixed part and so much a tweet, bytes are so many a tweet. What is
computed holds where the growth stays linear; the largest size that was measured stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal, NamedTuple

from local.cost.errors import CostError, NoPrice
from local.cost.price_book import PriceBook

EngineOfLoad = Literal["duckdb", "spark"]
BUSY_SHARE = Fraction(7, 10)
"""Of the cores, over a whole load: assumed. Reading, the last tasks of a stage and the driver leave some idle."""
VCPUS_A_WORKER, GB_A_WORKER = 4, 16
"""A worker of Glue's type G.1X (documented), and one of the sizes that EMR Serverless offers."""
MAX_WORKERS = 1_000
GIGABYTE = 10**9
MAX_HOURS = 10_000
HOURS_A_MONTH = 730


class MeasuredLoad(NamedTuple):
    """What one load of everything took."""

    tweets: int
    cpu_s: float
    peak_bytes: int
    input_bytes: int
    work_bytes: int
    """Of the intermediate data on disk, at most."""
    shuffle_bytes: int
    """What went from worker to worker; 0 of DuckDB."""
    store_bytes: int


@dataclass(frozen=True)
class LoadWork:
    """The work of a load by its number of tweets."""

    engine: EngineOfLoad
    measured_tweets: int
    """The largest load that it is taken from."""
    fixed_cpu_s: float
    cpu_s_a_tweet: float
    peak_bytes: int
    input_bytes_a_tweet: float
    work_bytes_a_tweet: float
    shuffle_bytes_a_tweet: float
    store_bytes_a_tweet: float

    def cpu_hours(self, tweets: int) -> float:
        """Return the CPU time of a load, in hours."""
        return (self.fixed_cpu_s + self.cpu_s_a_tweet * tweets) / 3600


def work_of(engine: EngineOfLoad, loads: Sequence[MeasuredLoad]) -> LoadWork:
    """Fit the work to measured loads: the slope between the two largest, bytes of the largest.

    Raises:
        CostError: There are not two sizes.
    """
    sizes = sorted(loads)
    if len({load.tweets for load in sizes}) < 2:
        raise CostError(f"a plan for {engine} needs loads of two sizes: measure with make bench-etl ENGINE={engine}")
    before, largest = sizes[-2:]
    slope = max(0, (largest.cpu_s - before.cpu_s) / (largest.tweets - before.tweets))
    return LoadWork(
        engine=engine,
        measured_tweets=largest.tweets,
        fixed_cpu_s=max(0, largest.cpu_s - slope * largest.tweets),
        cpu_s_a_tweet=slope,
        peak_bytes=max(load.peak_bytes for load in sizes),
        input_bytes_a_tweet=largest.input_bytes / largest.tweets,
        work_bytes_a_tweet=largest.work_bytes / largest.tweets,
        shuffle_bytes_a_tweet=largest.shuffle_bytes / largest.tweets,
        store_bytes_a_tweet=largest.store_bytes / largest.tweets,
    )


class PlannedLoad(NamedTuple):
    """A load of a size by one engine in one place."""

    place: str
    engine: EngineOfLoad
    workers: int
    vcpus: int
    """Of all workers and the driver."""
    memory_gb: float
    hours: float
    dollars: float | None
    """None where the book has no price."""
    note: str


class Place(NamedTuple):
    """Where a load can run, and how it is paid."""

    name: str
    engine: EngineOfLoad
    instance: str = ""
    """The EC2 instance type of a load on one machine."""
    instance_vcpus: int = 0
    instance_gb: int = 0
    service: str = ""
    """Of the price book, where workers are rented by the hour."""


PLACES = (
    Place("DuckDB, EC2 c7g.xlarge", "duckdb", "c7g.xlarge", 4, 8),
    Place("DuckDB, EC2 c7g.2xlarge", "duckdb", "c7g.2xlarge", 8, 16),
    Place("Spark, EMR Serverless", "spark", service="emr-serverless"),
    Place("Spark, Glue G.1X", "spark", service="glue"),
    Place("Spark, Databricks or own", "spark"),
)


class LoadPlanner:
    """Plans loads with the prices of a region."""

    def __init__(self, prices: PriceBook, region: str) -> None:
        self._prices = prices
        self._region = region

    def plan(self, work: LoadWork, place: Place, tweets: int, hours: float) -> PlannedLoad:
        """Return how a place would load so many tweets.

        Args:
            work: Of the place's engine.
            place: Where.
            tweets: Valid ones.
            hours: In which the load should be done: it decides how many workers are taken.
        """
        busy = work.cpu_hours(tweets) / float(BUSY_SHARE)
        if place.instance:
            took = busy / place.instance_vcpus
            notes = [f"takes more than {hours:g} h"] if took > hours else []
            if work.peak_bytes > place.instance_gb * GIGABYTE:
                notes.append("too little memory")
            workers, vcpus, memory = 1, place.instance_vcpus, work.peak_bytes / GIGABYTE
            dollars = self._machine_dollars(work, place, tweets, took)
        else:
            workers = min(max(1, ceil(busy / (VCPUS_A_WORKER * hours))), MAX_WORKERS)
            took = busy / (VCPUS_A_WORKER * workers)
            notes = [f"takes more than {hours:g} h"] if took > hours else []
            hired = workers + 1  # the driver's
            vcpus, memory = hired * VCPUS_A_WORKER, float(hired * GB_A_WORKER)
            dollars = self._workers_dollars(place.service, hired * took)
            if not place.service:
                notes.append("priced by your contract")
        return PlannedLoad(place.name, place.engine, workers, vcpus, memory, took, dollars, ", ".join(notes))

    def _machine_dollars(self, work: LoadWork, place: Place, tweets: int, hours: float) -> float | None:
        """Return the price of one machine, with a disk for input, intermediate data and store."""
        gigabytes = tweets * (work.input_bytes_a_tweet + work.work_bytes_a_tweet + work.store_bytes_a_tweet) / GIGABYTE
        machine, disk = self._price("ec2", place.instance), self._price("ebs", "gp3")
        if machine is None or disk is None:
            return None
        return hours * (machine + disk * gigabytes / HOURS_A_MONTH)

    def _workers_dollars(self, service: str, worker_hours: float) -> float | None:
        if service == "glue":
            unit = self._price(service, "dpu-hours")
            return None if unit is None else worker_hours * unit
        vcpu, gigabyte = self._price(service, "vcpu-hours"), self._price(service, "gb-hours")
        if vcpu is None or gigabyte is None:
            return None
        return worker_hours * (VCPUS_A_WORKER * vcpu + GB_A_WORKER * gigabyte)

    def _price(self, service: str, dimension: str) -> float | None:
        try:
            row = self._prices.price(service, dimension, self._region)
        except NoPrice:
            return None
        return float(row.single / row.per)
