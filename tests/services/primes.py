"""A service that computes: `GET /primes?from=N` gives the smallest prime number from N on."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.seam import Computation, Compute, Done, Example, Invalid, Parameter, Request, Service, Step

MAX_TRIALS = 50_000


@dataclass(frozen=True)
class Search:
    """Trial division: `candidate` is no multiple of anything below `divisor`."""

    candidate: int
    divisor: int = 2
    trials: int = 0

    def advance(self, units: int) -> Computation | Done:
        candidate, divisor, trials = self.candidate, self.divisor, self.trials
        for _ in range(units):
            if trials == MAX_TRIALS:
                return Done(None)
            trials += 1
            if divisor * divisor > candidate:
                return Done(candidate)
            if candidate % divisor:
                divisor += 1
            else:
                candidate, divisor = candidate + 1, 2
        return Search(candidate, divisor, trials)


def start(request: Request) -> Step:
    number = request.one(b"from")
    if not number.isdigit() or len(number) > 18:
        raise Invalid("parameter", "from is no whole number of at most 18 digits")
    return Compute(Search(max(2, int(number))), then=found)


def found(prime: int | None) -> bytes:
    if prime is None:
        raise Invalid("limit", "no prime number was found in time")
    return str(prime).encode()


SERVICE = Service(
    name="primes",
    summary="Find the next prime number",
    start=start,
    parameters=(Parameter("from", "where to begin", {"type": "string", "pattern": "^[0-9]{1,18}$"}, "1000000"),),
    reasons=("parameter", "limit"),
    examples=(Example("The first above a million", "from=1000000", "1000003"),),
)
