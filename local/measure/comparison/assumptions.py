"""What a comparison does not measure: named, with its value and the reason, so that it can be contested."""

from __future__ import annotations

from local.measure.comparison.result import Assumption
from local.measure.comparison.workloads import COLD_SHARE, CONNECTION_SECONDS, REQUESTS_PER_CONNECTION

ALWAYS = (
    Assumption(
        "cold_share",
        COLD_SHARE,
        "of the invocations",
        "one in ten thousand starts cold under steady load; `crossover experiment cold-start` tells it for other rates",
    ),
    Assumption(
        "requests_per_connection",
        REQUESTS_PER_CONNECTION,
        "requests",
        "a client's keep-alive; it decides how many new connections a load balancer counts",
    ),
    Assumption("connection_seconds", CONNECTION_SECONDS, "s", "as long as a client of a hundred requests stays"),
    Assumption(
        "vCPU speed",
        1,
        "of this machine's core",
        "a vCPU of Graviton4 is taken to be as fast as this machine's core; other processors, Lambda's and Fargate's "
        "too, by what is known of their speed beside it. Emulated durations scale with it, real ones do not",
    ),
    Assumption(
        "runtime",
        "this machine's Python",
        "",
        "Lambda has Python 3.13 on its own processor; the emulator runs AWS's runtime client on this machine's Python, "
        "and its own side of each hop counts as waiting",
    ),
    Assumption(
        "invocations",
        "one after another",
        "",
        "an environment takes at most ten requests/s, so each finds the whole CPU share of its scheduler's period",
    ),
    Assumption(
        "requests",
        "each service's seeded mix",
        "",
        "one in five is bad, of the blockchain's one in three; the Twitter queries ask for users with many contacts "
        "more often",
    ),
)


def of_store(url: str, queries_per_vcpu: float, measured: bool) -> list[Assumption]:
    """Return what is assumed of the Twitter service's store, and of a database in its place."""
    assumptions = []
    if url.startswith("sqlite:"):
        assumptions.append(
            Assumption(
                "store",
                "SQLite",
                "",
                "read in process; with MySQL a request costs its driver's CPU and a round trip besides: name the store "
                "in TWITTER_STORE to measure it, or see `crossover experiment schemas`",
            )
        )
    if measured:
        why = "measured by `crossover experiment schemas`: CPU of the database server, packed, over the natural mix"
    else:
        why = "as in local/cost/workloads/twitter.toml; `crossover experiment schemas` measures it"
    return [*assumptions, Assumption("queries_per_vcpu", queries_per_vcpu, "queries/s of a database vCPU", why)]
