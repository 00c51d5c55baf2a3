"""The blockchain service's load: requests as real ones are, a third of them faulty, and the service held to it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.making import ANY, Made, made

FAULTY_SHARE = 1 / 3


class WrongVerdict(Exception):
    """The service itself does not say what is right: no load can be checked against it."""


def blockchain_queries(random_: random.Random, _: str) -> Iterator[str]:
    """Query strings. Raises `WrongVerdict` where the service, asked without a platform, misjudges one.

    It is asked with its usual limits, which every request keeps: other limits change what is right, not what is asked.
    """
    for each in made(random_.getrandbits(64), Shape(), ANY, FAULTY_SHARE):
        reason = reason_of(each)
        if reason != each.reason:
            raise WrongVerdict(f"{each.fault or 'a valid request'}: {reason} for {each.reason}; {each.query}")
        yield each.query


def reason_of(request: Made) -> str | None:
    """The CODE that the service refuses a request for; None where it answers."""
    try:
        answer_at_once(SERVICE, request.query.encode(), InlineRunner())
    except Invalid as problem:
        return problem.code
    return None
