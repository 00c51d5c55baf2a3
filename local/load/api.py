"""The public face of the load generator: what other packages import, and all they need.

    import os
    from local.load.api import LoadPlan, cpu_seconds, requests_of, run

    plan = LoadPlan(mix={"qrcode": 2, "twitter": 1}, rate=500, seconds=10, warmup=2, cores=(1,))
    requests = requests_of(plan.mix, plan.seed, os.environ)  # with right answers, from the stores that the server reads
    outcome = run(plan, "http://127.0.0.1:8080", requests, watch=lambda: cpu_seconds(server_pid))

    outcome.discarded                              # why rates and latencies do not count, [] where they do
    outcome.all_right                              # whether every request got its right answer
    before, after = outcome.watched                # what `watch` said around the counted requests
    server_us = (after - before) / outcome.total.answered * 1e6
    outcome.as_data()                              # everything as plain JSON values, see `LoadOutcome.as_data`
    plan.as_data()                                 # what was asked for, likewise

`LoadPlan` says what each of its fields means; without a `rate` it is a closed loop. `run` blocks, may be called in any
thread, and sends from processes of its own. It raises `UserError` for an address that cannot or must not be loaded.
"""

from local.load.load_plan import LoadPlan
from local.load.outcome import LoadOutcome, discard_reasons
from local.load.process import GeneratorFailedError
from local.load.run import run
from local.load.server_cpu import cpu_seconds
from local.load.tally import Total
from local.workloads.mix import PreparedRequest, parse, requests_of

__all__ = [
    "GeneratorFailedError",
    "LoadOutcome",
    "LoadPlan",
    "PreparedRequest",
    "Total",
    "cpu_seconds",
    "discard_reasons",
    "parse",
    "requests_of",
    "run",
]
