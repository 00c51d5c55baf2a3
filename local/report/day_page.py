"""The page of a simulated day: one file that needs no network, its runs precomputed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.formatting import number
from local.report.inline import PAGE, json_safe, policy, script_safe
from local.simulate.day import effect_rows
from local.simulate.grid import STEP, rates
from local.simulate.job import Job
from local.simulate.run import Outcome

FOLDER = Path(__file__).parent / "day"
HEAD = ("$ a day", "$ a month", "p50 ms", "p95 ms", "p99 ms", "waited for a start, %", "lost, %")


def render(job: Job, outcomes: Sequence[Outcome], runs: Sequence[dict[str, Any]], region: str) -> str:
    """Return the page.

    Args:
        job: The traffic, the work and the settings of the command.
        outcomes: The platforms under those settings.
        runs: The platforms under every combination of the sliders.
        region: Whose prices were taken.
    """
    import jinja2

    day = job.traffic
    script = script_safe((FOLDER / "day.js").read_text(encoding="utf-8"))
    style = (PAGE / "style.css").read_text(encoding="utf-8") + (FOLDER / "day.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    data = {"rate": rates(outcomes[0]), "start": day.start, "seconds": day.seconds, "runs": list(runs)}
    page: str = environment.from_string((FOLDER / "day.html").read_text(encoding="utf-8")).render(
        policy=policy([script], [style]),
        style=style,
        script=script,
        lede=f"{day.name}: {number(round(day.requests))} requests, at most {number(day.peak)} a second, "
        f"{number(day.mean)} a second in the mean.",
        work=job.mix.name,
        assumed=job.mix.assumed,
        region=region,
        seed=job.settings.seed,
        step=STEP,
        head=HEAD,
        rows=[_row(one) for one in outcomes],
        faults=effect_rows(outcomes),
        data=json_safe(data),
    )
    return page


def _row(one: Outcome) -> tuple[str, ...]:
    waited = sum(one.shares[name] for name in ("cold", "pod", "node")) * 100
    latencies = (number(one.latency_ms[name]) for name in ("p50", "p95", "p99"))
    money = (f"${one.money.day:,.2f}", f"${one.money.month:,.2f}")
    return (one.name, *money, *latencies, number(waited), number(one.shares["lost"] * 100))
