"""`crossover cache`: would a cache help?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError

MAX_KEYS, MAX_REQUESTS = 10_000_000, 1_000_000
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Sizes, as shares of the keys."""
BAR = 30


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("cache")(cache)


def cache(
    exponent: Annotated[
        float, typer.Option(min=0, max=5, help="Zipf's exponent: 0 is all alike, 0.7 to 1 is usual of the Web.")
    ] = 0.9,
    keys: Annotated[int, typer.Option(min=1, max=MAX_KEYS, help="Different keys that are asked for.")] = 100_000,
    log: Annotated[
        Path | None, typer.Option(help="An access log (common or combined format) whose popularity is taken instead.")
    ] = None,
    parameters: Annotated[
        str, typer.Option(help="Query parameters that make the key, with commas; empty: the whole path and query.")
    ] = "user_id,type",
    requests: Annotated[
        int, typer.Option(min=1, max=MAX_REQUESTS, help="Requests to simulate; of a log, at most so many.")
    ] = 100_000,
    entry_bytes: Annotated[int, typer.Option(min=1, max=100_000_000, help="Bytes of an entry on average.")] = 1_250,
    seed: Annotated[int, typer.Option(help="Of the simulated requests.")] = 1,
    as_json: Json = False,
) -> None:
    """Show the share of requests that a cache would answer, over its size, by formula and by simulation.

    Examples: crossover cache --exponent 0.7; crossover cache --log access.log --parameters user_id,type.
    """
    from local.workloads.popularity import che, counted, drawn, lru, zipf

    if log is not None:
        keys_asked: list[object] = list(_keys_of(log, [name for name in parameters.split(",") if name], requests))
        if not keys_asked:
            raise UserError(f"{log} has no request with {parameters or 'a path'}; name others with --parameters")
        popularity, keys, warm = counted(keys_asked), len(set(keys_asked)), 0
    else:
        popularity = zipf(keys, exponent)
        keys_asked = list(drawn(keys, exponent, requests, seed))
        warm = len(keys_asked) // 2
    sizes = sorted({max(1, round(keys * share)) for share in STEPS})
    simulated = lru(keys_asked, sizes, warm)
    rows = [
        {
            "entries": size,
            "megabytes": round(size * entry_bytes / 1e6, 3),
            "hit_ratio": round(che(popularity, size), 5),
            "simulated_hit_ratio": round(found, 5),
        }
        for size, found in zip(sizes, simulated, strict=True)
    ]
    if as_json:
        source = {"log": str(log)} if log is not None else {"exponent": exponent, "seed": seed}
        print_json({**source, "keys": keys, "requests": len(keys_asked), "sizes": rows})
        return
    what = f"{log}" if log is not None else f"Zipf, exponent {exponent:g}"
    console.print(_table(f"{what}: {keys:,} keys, {len(keys_asked):,} requests simulated", rows))
    counted_part = "the whole log, from an empty cache" if log is not None else "the second half of the requests"
    console.print(
        f"formula: Che's approximation, a cache that has long been full; simulation: LRU, {counted_part};"
        " a key's first request is a hit in none",
        soft_wrap=True,
    )


def _table(title: str, rows: list[dict[str, float]]) -> object:
    from local.formatting import table

    drawn = table(title, ("entries", "MB"), ("formula", "simulation"))
    drawn.add_column("")
    for row in rows:
        bar = "█" * round(row["hit_ratio"] * BAR)
        drawn.add_row(
            f"{row['entries']:,}",
            f"{row['megabytes']:,g}",
            f"{row['hit_ratio']:.1%}",
            f"{row['simulated_hit_ratio']:.1%}",
            bar,
        )
    return drawn


def _keys_of(log: Path, parameters: list[str], most: int) -> list[object]:
    """Return what each request of a log asks for, those without one of the parameters left out."""
    from local.workloads.requests.access_log import LINE

    columns: list[object] = []
    try:
        with log.open(errors="replace") as lines:
            for line in lines:
                matched = LINE.match(line)
                if matched is None:
                    continue
                target = matched["target"]
                query = dict(parse_qsl(urlsplit(target).query))
                if not parameters:
                    columns.append(target)
                elif all(name in query for name in parameters):
                    columns.append(tuple(query[name] for name in parameters))
                if len(columns) == most:
                    break
    except (OSError, ValueError) as problem:
        raise UserError(f"cannot read {log}: {problem}") from None
    return columns
