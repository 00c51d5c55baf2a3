"""The workload: what one request of a service asks of whatever runs it. Given in files, measured or assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import BillSentence, explain
from local.cost.errors import CostError
from local.cost.exact import plain
from local.cost.formulas import (
    Amount,
    Formula,
    OpenTable,
    ceiling,
    choose,
    known,
    lookup,
    maximum,
    minimum,
    positive,
    total,
)
from local.cost.schema import number, numbers, switch, text, whole

ONE = Fraction(1)
LAMBDA_MB_PER_VCPU = Fraction(1769)
"""Memory at which a Lambda environment has one vCPU (AWS Lambda developer guide)."""


@dataclass(frozen=True, kw_only=True)
class ServiceWork:
    """One request of one service."""

    name: str = text("the service")
    source: str = text("where the figures come from")
    measured: bool = switch("whether they were measured; otherwise they are assumed", False)
    cpu_ms: Amount = number("CPU time of a request on one vCPU, in ms", low=Fraction(1, 10**6), high=900_000)
    mix_factor: Amount = number(
        "CPU of a request in a mix over that of the services alone, where one machine runs them all; 1: not measured",
        1,
        low=Fraction(1, 100),
        high=100,
    )
    wait_ms: Amount = number("time in which a request only waits, for its database for instance", 0, high=900_000)
    lambda_cpu_ms: Amount = number("CPU time that Lambda's adapter adds to a request, at one vCPU", 0, high=900_000)
    lambda_ms: Mapping[str, Amount] | OpenTable = numbers(
        "durations measured on Lambda, by memory in MB, in place of the estimate"
    )
    lambda_billed_ms: Mapping[str, Amount] | OpenTable = numbers(
        "mean billed durations measured on Lambda, by memory in MB, in place of rounding up"
    )
    lambda_emulated: Mapping[str, Amount] | OpenTable = numbers(
        "1 for each memory whose durations were measured on another machine, as the emulator does; they are scaled"
    )
    init_ms: Amount = number("INIT phase of a cold start", 0, high=900_000)
    cold_share: Amount = number("share of the invocations that start cold", 0, high=1)
    memory_mb: Amount = whole("memory that one process needs", 128, low=1)
    request_bytes: Amount = number("bytes of a request with its headers", 0)
    response_bytes: Amount = number("bytes of a response with its headers", 0)
    requests_per_connection: Amount = number("requests that a client sends over one connection", 1, low=1)
    connection_seconds: Amount = number("seconds that a connection stays open", 1)
    queries: Amount = number("queries to the relational database", 0)
    queries_per_vcpu: Amount = number("queries/s that keep one vCPU of the database busy; 0: unknown, no limit", 0)
    reads: Amount = number("items read from DynamoDB", 0)
    item_bytes: Amount = number("bytes of such an item", 0, high=409_600)
    read_blocks: Amount = number("mean number of 4 KB blocks of such an item, where measured; 0: from its bytes", 0)
    writes: Amount = number("items written to DynamoDB", 0)

    def duration_ms(self, memory_mb: Amount, speed: Amount = ONE, processor: Amount = ONE) -> Amount:
        """Return the duration of one invocation on Lambda before rounding. One handler uses at most one vCPU.

        Args:
            memory_mb: Memory of the function, which decides its share of a vCPU.
            speed: Speed of the vCPU relative to the one that the workload was measured on. What computes takes less
                time on a faster one; what waits does not.
            processor: The same of the processor that Lambda is taken to run on. A duration that was measured on Lambda
                was measured there, and is not scaled by it; an emulated one is.
        """
        share = minimum(ONE, memory_mb / LAMBDA_MB_PER_VCPU) * speed * processor
        estimate = (self.cpu_ms + self.lambda_cpu_ms) / share + self.wait_ms
        measured = lookup(self.lambda_ms, memory_mb)
        computing = maximum(measured - self.wait_ms, Fraction(0)) / (speed * self._scale(memory_mb, processor))
        return choose(measured, computing + minimum(measured, self.wait_ms), estimate)

    def billed_ms(self, memory_mb: Amount, speed: Amount = ONE, processor: Amount = ONE) -> Amount:
        """Return the same, rounded up to whole milliseconds as Lambda bills it; or with the measured rounding."""
        duration = self.duration_ms(memory_mb, speed, processor)
        billed, measured = lookup(self.lambda_billed_ms, memory_mb), lookup(self.lambda_ms, memory_mb)
        rounding = maximum(billed - choose(measured, measured, billed), Fraction(0))
        return choose(billed, choose(measured, duration + rounding, maximum(billed, duration)), ceiling(duration))

    def cold_ms(self, memory_mb: Amount, speed: Amount = ONE, processor: Amount = ONE) -> Amount:
        """Return INIT of a mean invocation, in whole milliseconds of a cold start; arguments as of `duration_ms`."""
        return self.cold_share * ceiling(self.init_ms / (speed * self._scale(memory_mb, processor)))

    def _scale(self, memory_mb: Amount, processor: Amount) -> Amount:
        """Return by what a measured duration is divided: the processor's speed where it was measured elsewhere."""
        return choose(lookup(self.lambda_emulated, memory_mb), processor, ONE)

    @property
    def bytes_both_ways(self) -> Amount:
        """Bytes of a request and its response."""
        return self.request_bytes + self.response_bytes


@dataclass(frozen=True)
class Mix:
    """Requests of one or more services in shares that sum to one."""

    shares: tuple[tuple[ServiceWork, Amount], ...]

    @classmethod
    def of(cls, weights: Sequence[tuple[ServiceWork, Amount]]) -> Mix:
        """Return a mix by weights, such as the rates of a test.

        Raises:
            CostError: The weights sum to nothing.
        """
        weight = total(amount for _, amount in weights)
        if not isinstance(weight, Formula) and weight <= 0:
            raise CostError("the weights of the mixed workload must sum to more than 0")
        return cls(
            tuple(
                (workload, amount / weight) for workload, amount in weights if isinstance(amount, Formula) or amount > 0
            )
        )

    @property
    def name(self) -> str:
        """The services and their shares."""
        if len(self.shares) == 1:
            return self.shares[0][0].name
        return " + ".join(
            workload.name if isinstance(share, Formula) else f"{plain(known(share) * 100, 4)} % {workload.name}"
            for workload, share in self.shares
        )

    @property
    def assumed(self) -> bool:
        """Whether any of it was not measured."""
        return not all(workload.measured for workload, _ in self.shares)

    def mean(self, measure: Callable[[ServiceWork], Amount]) -> Amount:
        """Return the mean of a measure over the requests."""
        return total(measure(workload) * share for workload, share in self.shares)

    @property
    def cpu_ms(self) -> Amount:
        """CPU time of a mean request on one vCPU, in ms: of several services that share a machine, as their mix takes.

        Services that were measured in a mix take what the mix took: the mean of the services alone times `mix_factor`.
        """
        together = self.mean(lambda workload: workload.cpu_ms * workload.mix_factor)
        return choose(self.services - 1, together, self._cpu_ms_alone)

    @property
    def _cpu_ms_alone(self) -> Amount:
        return self.mean(lambda workload: workload.cpu_ms)

    @property
    def cpu_explained(self) -> BillSentence:
        """Where the CPU time of a mean request of several services comes from."""
        factors = [workload.mix_factor for workload, _ in self.shares]
        if not any(isinstance(factor, Formula) for factor in factors) and set(factors) == {ONE}:
            return explain(
                "the mean of the services alone; their mix was not measured, or is what they are derived from"
            )
        return explain(
            "the mean of the services alone, {} ms, times what their measured mix took more", self._cpu_ms_alone
        )

    @property
    def memory_mb(self) -> Amount:
        """Memory that all the services need together, one process each."""
        return total(positive(share) * workload.memory_mb for workload, share in self.shares)

    @property
    def services(self) -> Amount:
        """How many services have requests."""
        return total(positive(share) for _, share in self.shares)
