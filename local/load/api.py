"""The public face of the load generator: what other packages import, and all they need.

    import os
    from local.load.api import Plan, cpu_seconds, requests_of, run

    plan = Plan(mix={"qrcode": 2, "twitter": 1}, rate=500, seconds=10, warmup=2, cores=(1,))
    asked = requests_of(plan.mix, plan.seed, os.environ)   # with right answers, from the stores that the server reads
    outcome = run(plan, "http://127.0.0.1:8080", asked, watch=lambda: cpu_seconds(server_pid))

    outcome.discarded                              # why rates and latencies do not count, [] where they do
    outcome.all_right                              # whether every request got its right answer
    before, after = outcome.watched                # what `watch` said around the counted requests
    server_us = (after - before) / outcome.total.answered * 1e6
    outcome.as_data()                              # everything as plain JSON values, see `Outcome.as_data`
    plan.as_data()                                 # what was asked for, likewise

`Plan` says what each of its fields means; without a `rate` it is a closed loop. `run` blocks, may be called in any
thread, and sends from processes of its own. It raises `UserError` for an address that cannot or must not be loaded.
"""

from local.load.outcome import Outcome, discard_reasons
from local.load.plan import Plan
from local.load.process import GeneratorFailedError
from local.load.run import run
from local.load.server_cpu import cpu_seconds
from local.load.tally import Total
from local.workloads.mix import PreparedRequest, parse, requests_of

__all__ = [
    "GeneratorFailedError",
    "Outcome",
    "Plan",
    "PreparedRequest",
    "Total",
    "cpu_seconds",
    "discard_reasons",
    "parse",
    "requests_of",
    "run",
]
