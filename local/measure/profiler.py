"""The container shim under Python's profiler while it serves a load."""

from __future__ import annotations

import pstats
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from local.serve.process import served


class Hot(NamedTuple):
    """A function's own CPU time in seconds, without what it called, and its calls."""

    function: str
    own_seconds: float
    calls: int


def profiled(service: str, environ: Mapping[str, str], load: Callable[[str], object], least_calls: int) -> list[Hot]:
    """Run `load(address)` against a profiled server of one service; its functions, the hottest first.

    Functions called less than `least_calls` times are left out: they belong to the start and not to the requests.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "profile"
        command = ("-P", "-m", "local.measure.profiled_server", str(written))
        with served({**environ, "CROSSOVER_SERVICES": service, "WORKERS": "1"}, command) as server:
            load(server.address)
        stats = pstats.Stats(str(written))
    rows = [
        Hot(_readable(place), own, calls)
        for place, (calls, _, own, _, _) in stats.stats.items()  # type: ignore[attr-defined]
        if calls >= least_calls
    ]
    return sorted(rows, key=lambda row: -row.own_seconds)


def _readable(place: tuple[str, int, str]) -> str:
    path, line, name = place
    if path == "~":
        return name
    parts = Path(path).parts[-3:]
    return f"{'/'.join(parts)}:{line} {name}"
