"""The zips of a package, unpacked and run in an emulated environment, as Lambda would."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from local.emulator.spec import FunctionSpec, Scaling
from local.guest.application import Guest
from local.guest.emulated import HANDLER, MEMORY_MB, TIMEOUT_SECONDS
from local.measure.guests.asking import ask_lambda
from local.workloads.requests.recorded import RecordedRequest

REQUEST = RecordedRequest("GET", "/")


class PackageTrial(NamedTuple):
    """What the package did."""

    status: int
    """Of the answer to `GET /`; 0 where there is none."""
    error: str
    init_ms: float


def tried(guest: Guest, function_zip: Path, layer_zip: Path) -> PackageTrial:
    """Unpack the zips and send `GET /`. Raises `BadSpec`."""
    with tempfile.TemporaryDirectory(prefix="crossover-") as scratch:
        code, layer = Path(scratch) / "task", Path(scratch) / "opt"
        for archive, folder in ((function_zip, code), (layer_zip, layer)):
            with zipfile.ZipFile(archive) as file:
                file.extractall(folder)
        function = FunctionSpec(
            name=guest.name,
            code=code,
            handler=HANDLER,
            layers=(layer,),
            variables={**guest.variables, "CROSSOVER_APP": guest.reference},
            scaling=Scaling(memory_mb=guest.memory_mb or MEMORY_MB, timeout=TIMEOUT_SECONDS),
        )
        outcomes = ask_lambda(function, [REQUEST])
    answer = outcomes.answers[0][0]
    return PackageTrial(answer.status, answer.error, outcomes.init_ms)
