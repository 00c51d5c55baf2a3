"""A guest as an emulated Lambda function."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.emulator.bundle import Bundle, FunctionLimits
from local.emulator.runtime_files import MODULES as RUNTIME_MODULES
from local.emulator.spec import FunctionSpec, Interpreter, Scaling
from local.emulator.template import ANY, DEFAULT_ROUTE
from local.errors import UserError
from local.guest.application import Guest
from local.guest.check import Checked
from local.guest.support import PACKAGE, support_folder
from local.paths import BUILD

HANDLER = f"{PACKAGE}.handler.handler"
MEMORY_MB = 512
TIMEOUT_SECONDS = 30.0
"""What API Gateway waits at most; Lambda's own default of 3 s is short for an application's first request."""
INSTALL_SECONDS = 300


def bundle_of(guest: Guest, checked: Checked, limits: FunctionLimits) -> Bundle:
    """Return the bundle of one function that answers every path and method. Raises `BadSpec` and `UserError`."""
    function = function_of(guest, checked, limits)
    return Bundle({guest.name: function}, {(ANY, DEFAULT_ROUTE): function.name})


def function_of(guest: Guest, checked: Checked, limits: FunctionLimits) -> FunctionSpec:
    """Return the guest as a function of one size. Raises `BadSpec` and `UserError`."""
    scaling = Scaling(memory_mb=guest.memory_mb or MEMORY_MB, timeout=TIMEOUT_SECONDS)
    interpreter = Interpreter(
        guest.python,
        checked.version,
        (*map(Path, checked.import_path), support_folder()),
        None if checked.version == sys.version_info[:2] else _runtime_for(guest.python, checked.version),
    )
    return FunctionSpec(
        name=guest.name,
        code=guest.directory,
        handler=HANDLER,
        variables={**guest.variables, "CROSSOVER_APP": guest.reference},
        scaling=limits.over(scaling),
        interpreter=interpreter,
    )


def _runtime_for(python: str, version: tuple[int, int]) -> Path:
    """Return AWS's runtime client and boto3 for another Python, installed from the package index at first use."""
    folder = (BUILD / "runtime" / f"installed-python{version[0]}.{version[1]}").absolute()
    if all((folder / name).exists() for name in RUNTIME_MODULES[:1]):
        return folder
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-input", "--target"]
    try:
        subprocess.run(
            [*command, str(folder), "awslambdaric", "boto3"],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as problem:
        last = (problem.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"cannot install awslambdaric for {python}: {last}") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"installing awslambdaric for {python} took longer than {INSTALL_SECONDS} s") from None
    return folder
