"""The blockchain service's load: requests as real ones are, a third of them faulty, and samples for the page."""

from __future__ import annotations

import random
from collections.abc import Iterator

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from local.workloads.blockchain.draft import Shape, Span
from local.workloads.blockchain.making import ANY, NONE, Made, made
from local.workloads.workload import Sample, Workload, WrongAnswer

FAULTY_SHARE = 1 / 3
SAMPLE_FAULTS = {
    "balance-fee-spent-in-its-block": "A fee spent within its block",
    "signature-of-another-account-new": "A new transaction signed by another account",
    "time-equal-across-blocks": "A block as old as the one before it",
    "tx-hash-upper-case": "A hash in capitals",
    "reward-halved-too-early": "A reward halved too early",
    "block-starts-anew": "A block that forgets the one before it",
    "target-met-but-not-beaten": "A target met and not beaten",
    "duplicate-key-in-transaction": "A key given twice",
    "proof-of-work-too-hard": "A target that cannot be met",
}
"""Kinds of faults that the page offers, and their titles."""


def queries(random_: random.Random, _: str) -> Iterator[str]:
    """Yield valid and faulty chains. The service is asked with its usual limits, which every request keeps."""
    for request in made(random_.getrandbits(64), Shape(), ANY, FAULTY_SHARE):
        reason = reason_of(request)
        if reason != request.reason:
            raise WrongAnswer(f"{request.fault or 'a valid request'}: {reason} for {request.reason}; {request.query}")
        yield request.query


def reason_of(request: Made) -> str | None:
    """Return the CODE that the service refuses a request for; None where it answers."""
    try:
        answer_at_once(SERVICE, request.query.encode(), InlineRunner())
    except Invalid as problem:
        return problem.code
    return None


def samples(_: str = "") -> list[Sample]:
    """Offer one valid chain, and one for each of a few faults."""
    shape = Shape(Span(3, 3), Span(1, 2), Span(1, 2))
    kinds = {NONE: "Valid, and made by chance", **SAMPLE_FAULTS}
    return [Sample(title, next(made(7, shape, kind)).query) for kind, title in kinds.items()]


WORKLOAD = Workload(queries, samples)
