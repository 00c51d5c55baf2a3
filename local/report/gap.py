"""Fargate against nodes: what the course project measured, beside what the cost model takes. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from local.cost.exact import plain
from local.cost.instances import FARGATE_SPEEDS, speed_of
from local.report.experiments import Cell, Table

FARGATE, FARGATE_VCPU = "Fargate, 8 vCPU", Fraction(8)
NODES, NODE, NODES_VCPU = "3 x m8g.xlarge, 12 vCPU", "m8g.xlarge", Fraction(12)
SOURCE = "the course project's report: highest rates of its Go services within $1.28 an hour, one service at a time"


class MeasuredRates(NamedTuple):
    """The highest rates of one service, in requests/s."""

    service: str
    fargate: int
    nodes: int

    @property
    def gap(self) -> Fraction:
        """How many times as much a vCPU of the nodes served as one of Fargate."""
        return (self.nodes / NODES_VCPU) / (self.fargate / FARGATE_VCPU)


NO_BREAK = "\u00a0"
REPORT = (
    MeasuredRates("blockchain", 9_000, 70_000),
    MeasuredRates("qrcode", 8_000, 90_000),
    MeasuredRates("twitter", 2_000, 5_000),
)


def model_gap() -> tuple[Fraction, Fraction, Fraction]:
    """Return the same of the cost model: as it is taken, and its bounds."""
    nodes, fargate = speed_of(NODE), FARGATE_SPEEDS["x86_64"]
    return nodes.ratio / fargate.ratio, nodes.low / fargate.high, nodes.high / fargate.low


def table() -> Table:
    """Return a row for each service."""
    taken, low, high = (plain(one, 3).replace("≈", "") for one in model_gap())
    head = ("service", FARGATE, NODES, "per vCPU, nodes over Fargate", "by the model")
    rows = [
        (
            Cell(one.service),
            Cell(f"{one.fargate:,}", numeric=True),
            Cell(f"{one.nodes:,}", numeric=True),
            Cell(plain(one.gap, 2).replace("≈", ""), numeric=True),
            Cell(f"{taken}, {low} to {high}".replace(" ", NO_BREAK)),
        )
        for one in REPORT
    ]
    return Table("The highest rates that the course project measured, requests/s", head, tuple(rows))


def sentence() -> str:
    """Return what the table says."""
    taken, low, high = model_gap()
    computing = [one.gap for one in REPORT if one.service != "twitter"]
    measured = f"{plain(min(computing), 2)} to {plain(max(computing), 2)}".replace("≈", "")
    span = f"{plain(taken, 3)} ({plain(low, 3)} to {plain(high, 3)})".replace("≈", "")
    factors = f"{plain(taken / max(computing), 2)} to {plain(taken / min(computing), 2)}".replace("≈", "")
    return (
        f"Where the CPU was the limit, a vCPU of its nodes served {measured} times as much as one of Fargate; Twitter "
        f"was bound by its database. The model takes {span} times: AWS does not say what Fargate runs on, and the two "
        "tests differed in more than the processor. To reckon with the measured gap, set fargate.speed to "
        f"{factors} below, in the settings of the platforms."
    )
