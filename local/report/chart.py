"""The chart of cost lines as a Vega-Lite specification: for the page, which gives it data, and for the picture.

Vega, because one specification by Altair serves both: drawn in the page by Vega, which runs under a strict content
security policy with its expression interpreter, and drawn by vl-convert into a picture without any browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.cost.exact import HOURS_PER_MONTH

HOURS = float(HOURS_PER_MONTH)
MIN_RATE = 1
MAX_RATE = 100_000
STYLES: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "lambda-url": ("#e8590c", ()),
    "lambda-http-api": ("#f08c00", (6, 3)),
    "lambda-alb": ("#d6336c", (2, 2)),
    "lambda-rest-api": ("#c2255c", (8, 2, 2, 2)),
    "lambda-snapstart": ("#a0522d", (4, 4)),
    "lambda-provisioned": ("#b08900", (10, 3)),
    "lambda-managed-instances": ("#9c36b5", (3, 3)),
    "ecs-fargate": ("#1c7ed6", ()),
    "eks-fargate": ("#1098ad", (6, 3)),
    "eks-nodes": ("#2f9e44", ()),
    "web-7-c8g-large": ("#7a828e", (2, 2)),
    "rds-mysql-proxy": ("#1c7ed6", ()),
    "dynamodb-on-demand": ("#e8590c", ()),
    "dynamodb-on-demand-strong": ("#d6336c", (2, 2)),
    "dynamodb-provisioned": ("#2f9e44", (6, 3)),
    "dynamodb-reserved": ("#2f9e44", ()),
    "dynamodb-dax": ("#e8590c", (6, 3)),
    "dynamodb-elasticache": ("#f08c00", (2, 2)),
    "rds-mysql": ("#1098ad", ()),
    "rds-mysql-multi-az": ("#1098ad", (6, 3)),
    "rds-mysql-replicas": ("#7048e8", (6, 3)),
    "rds-mysql-elasticache": ("#7048e8", (2, 2)),
}
"""Colour and dashes of each line: Lambda warm, containers cold, with dashes where colours are alike."""
PLAIN_STYLE: tuple[str, tuple[int, ...]] = ("#8a8f98", ())


DOLLARS = "datum.value < 1 ? format(datum.value, '$.3~f') : format(datum.value, '$~s')"
"""A label of the axis of dollars: SI prefixes for thousands, but no "m", which reads as millions."""


def spec(names: Mapping[str, str], *, y_title: str, max_rate: int = MAX_RATE, legend: bool = False) -> dict[str, Any]:
    """Return the specification for these lines, by key and name, with its datasets left empty.

    They are `lines` (rate, cost, name, part, and at: its place in the line), `marks` (rate, cost, text), `labels`
    (rate, cost, name) and `here` (rate). Colours of text and grid are for the theme that it is drawn with.
    """
    import altair as alt

    styles = [STYLES.get(key, PLAIN_STYLE) for key in names]
    scale = alt.Scale(domain=list(names.values()), range=[colour for colour, _ in styles])
    dashes = alt.Scale(domain=list(names.values()), range=[list(dash) or [1, 0] for _, dash in styles])
    shown = alt.Legend(title=None, orient="right") if legend else None
    rate = alt.X(
        "rate:Q",
        scale=alt.Scale(type="log", domain=[MIN_RATE, max_rate], nice=False),
        axis=alt.Axis(title="requests per second", format="~s", values=[10**power for power in range(6)]),
    )
    cost = alt.Y(
        "cost:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(title=y_title, labelExpr=DOLLARS, values=[10.0**power for power in range(-3, 9)]),
    )
    lines = (
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=2.2, clip=True)
        .encode(
            x=rate,
            y=cost,
            color=alt.Color("name:N", scale=scale, legend=shown),
            strokeDash=alt.StrokeDash("name:N", scale=dashes, legend=shown),
            detail="part:N",
            order="at:Q",
        )
    )
    here = alt.Chart(alt.NamedData("here")).mark_rule(strokeDash=[3, 3], opacity=0.8).encode(x="rate:Q")
    points = (
        alt.Chart(alt.NamedData("marks"))
        .mark_point(size=70, filled=True, opacity=1, strokeWidth=2, clip=True)
        .encode(x="rate:Q", y="cost:Q")
    )
    halo = (
        alt.Chart(alt.NamedData("marks"))
        .mark_text(dy=-14, fontWeight="bold", clip=True, style="halo")
        .encode(x="rate:Q", y="cost:Q", text="text:N")
    )
    texts = (
        alt.Chart(alt.NamedData("marks"))
        .mark_text(dy=-14, fontWeight="bold", clip=True)
        .encode(x="rate:Q", y="cost:Q", text="text:N")
    )
    layers = [lines, here, halo, points, texts]
    if not legend:
        named = alt.Chart(alt.NamedData("labels")).encode(
            x="rate:Q", y="cost:Q", text="name:N", color=alt.Color("name:N", scale=scale, legend=None)
        )
        layers.append(named.mark_text(align="left", dx=6, fontSize=11, clip=False))
    layered: dict[str, Any] = alt.layer(*layers).to_dict()
    layered["width"] = "container"
    layered.pop("config", None)
    return layered


def memory_spec() -> dict[str, Any]:
    """Return the chart of memory against duration and cost; its dataset is `sizes` (memory, ms, cost, measured)."""
    import altair as alt

    sizes = alt.Chart(alt.NamedData("sizes"))
    memory = alt.X("memory:Q", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(title="memory, MB", format="d"))
    colours = {"ms": "#1c7ed6", "cost": "#e8590c"}
    layers = []
    for key, title in (("ms", "duration, ms"), ("cost", "$ for a million invocations")):
        axis = alt.Axis(
            title=title, titleColor=colours[key], orient="left" if key == "ms" else "right", grid=key == "ms"
        )
        y = alt.Y(f"{key}:Q", scale=alt.Scale(zero=True), axis=axis)
        layers.append(
            alt.layer(
                sizes.mark_line(color=colours[key], strokeWidth=2.2).encode(x=memory, y=y),
                sizes.mark_point(color=colours[key], filled=True, opacity=1, size=50).encode(
                    x=memory,
                    y=y,
                    shape=alt.Shape(
                        "measured:N",
                        legend=None,
                        scale=alt.Scale(domain=[True, False], range=["circle", "triangle-up"]),
                    ),
                ),
            )
        )
    layered: dict[str, Any] = alt.layer(*layers).resolve_scale(y="independent").to_dict()
    layered["width"] = "container"
    layered.pop("config", None)
    return layered


def crossing_spec() -> dict[str, Any]:
    """Return the chart of the crossing over the handler's CPU time; its datasets are `crossings` (ms, rate), `here`."""
    import altair as alt

    ms = alt.X(
        "ms:Q", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(title="CPU of a request, ms", format="~g")
    )
    rate = alt.Y("rate:Q", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(title="crossing, requests/s"))
    curve = alt.Chart(alt.NamedData("crossings")).mark_line(strokeWidth=2.2, color="#9c36b5", point=True)
    here = alt.Chart(alt.NamedData("here")).mark_rule(strokeDash=[3, 3], opacity=0.8).encode(x="ms:Q")
    layered: dict[str, Any] = alt.layer(curve.encode(x=ms, y=rate), here).to_dict()
    layered["width"] = "container"
    layered.pop("config", None)
    return layered


def points_of(name: str, pieces: Sequence[Any], low: float) -> list[dict[str, Any]]:
    """Return exact pieces as points close enough that straight strokes between them look right on log axes.

    Costs are dollars a month of 730 hours; those of pieces are dollars an hour.
    """
    result: list[dict[str, Any]] = []
    for piece in pieces:
        start, until = max(float(piece.start), low), float(piece.until)
        if until <= low:
            continue
        rates = [start]
        while rates[-1] * 1.25 < until:
            rates.append(rates[-1] * 1.25)
        intercept, slope = float(piece.intercept), float(piece.slope)
        result += [
            {"name": name, "rate": rate, "cost": (intercept + slope * rate) * HOURS, "part": 0}
            for rate in (*rates, until)
        ]
    return [{**point, "at": at} for at, point in enumerate(result)]
