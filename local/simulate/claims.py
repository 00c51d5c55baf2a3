"""What the course project's report claimed of scaling, beside what its own deployment does in a simulated day. Pure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost import files
from local.simulate.faults import InjectedFault
from local.simulate.job import Job
from local.simulate.run import container_fleet, fixed, simulate
from local.simulate.settings import Settings
from local.simulate.traffic import shape

CLAIMS_FILE = Path(__file__).parent / "claims.json"
"""As `crossover simulate --claims --json` printed it last."""
MIX = {"blockchain": Fraction(24713), "qrcode": Fraction(27691), "twitter": Fraction(4366)}
PEAK = 56_770.0
"""Requests/s of its mixed live test."""
SAVING, RECOVERY = "20 % saved off-peak", "2 to 3 minutes"
SHAPES = ("office-day", "evening-peak")
STEP = 5


def compare() -> list[dict[str, Any]]:
    """Return each claim with what the simulation finds, on EKS with c8g.large nodes."""
    book, mix, found = files.price_book(), files.mix(MIX), []
    for name in SHAPES:
        day = shape(name, PEAK).coarser(STEP)
        job = Job("eks-nodes", day, mix, Settings())
        scaled = simulate(job, book)
        most = max(round(sample.units) for sample in scaled.samples)
        still = simulate(replace(job, settings=fixed(job.settings, most)), book)
        whole = 1 - scaled.money.day / still.money.day
        nodes = 1 - scaled.money.items["nodes"] / still.money.items["nodes"]
        what = f"autoscaling on {name}, peak {PEAK:,.0f}/s, beside {most} pods all day"
        said = f"{nodes:.0%} of the nodes' cost, {whole:.0%} of the bill"
        found.append({"what": what, "claimed": SAVING, "found": said})
    day = shape("flat", PEAK).coarser(STEP)
    needed = int(PEAK / container_fleet("eks-nodes", mix, Settings()).rate / 0.6) + 1
    for kind in ("node", "zone"):
        job = Job("eks-nodes", day, mix, Settings(minimum=needed), (InjectedFault(kind, 12 * 3600),))
        calm = simulate(replace(job, faults=()), book)
        hit = simulate(job, book)
        back = [one for one, well in zip(hit.samples, calm.samples, strict=True) if one.capacity < well.capacity * 0.99]
        effect = hit.effects[0]
        said = f"full capacity after {len(back)} min, loss until {effect.seconds / 60:.0f} min, {effect.lost:,.0f} lost"
        found.append({"what": f"a lost {kind} at {PEAK:,.0f}/s", "claimed": RECOVERY, "found": said})
    return found
