"""The artifacts: one folder for each function, with its own files only, and one for each layer."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.emulator.template import Function, Layer, Template
from local.paths import ROOT as ROOT
from local.program import run_program

Target = Literal["host", "lambda"]

TEMPLATE = ROOT / "template.yaml"
MAKE_SECONDS = 900
"""For one Makefile, which may download libraries."""


UNSHIPPED = frozenset(
    ("__pycache__", ".git", ".venv", "venv", ".aws-sam", "node_modules", ".pytest_cache", ".mypy_cache")
)
"""Folders that are no part of a function."""

MARKER = ".crossover-artifacts"
"""The file beside the artifacts that says that a folder is a build's, to be emptied by the next one."""


class BuildError(RuntimeError):
    """The folder cannot be used, or a Makefile failed; the message then ends with what it printed."""


@dataclass(frozen=True)
class Artifacts:
    """Built folders, by logical name. A function's code goes on the path first, then each layer's `python`."""

    functions: Mapping[str, Path]
    layers: Mapping[str, Path]


def build(
    template: Template, target: Target, out: Path, root: Path = ROOT, say: Callable[[str], None] = print
) -> Artifacts:
    """Build every function and layer into `out`, for Lambda (arm64) or for this machine.

    What an earlier build left in `out` goes first; a folder with anything else in it is refused.

    Raises:
        BuildError: where the folder cannot be used, or a Makefile failed.
        UserError: where make is missing, or did not end in time.
    """
    out = out.absolute()  # make runs in a folder of its own
    try:
        _make_room(out)
        layers = {name: _layer(layer, target, out, root, say) for name, layer in template.layers.items()}
        functions = {name: _function(function, target, out, root, say) for name, function in template.functions.items()}
    except (OSError, shutil.Error) as problem:
        raise BuildError(f"cannot build in {out}: {problem}") from problem
    return Artifacts(functions, layers)


def _make_room(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    content = list(out.iterdir())
    if content and not (out / MARKER).is_file():
        raise BuildError(f"{out} is not empty and was not made by crossover build; empty it or give another --out")
    (out / MARKER).touch()
    for path in content:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()


def _layer(layer: Layer, target: Target, out: Path, root: Path, say: Callable[[str], None]) -> Path:
    say(f"building {layer.name} for {target}")
    destination = out / layer.name
    if layer.made:
        _make(root / layer.content, layer.name, destination, target, say)
    else:
        inside = destination / "python" if layer.built else destination
        shutil.copytree(root / layer.content, inside, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return destination


def _function(function: Function, target: Target, out: Path, root: Path, say: Callable[[str], None]) -> Path:
    say(f"building {function.name} for {target}")
    destination = out / function.name
    if function.made:
        _make(root / function.code, function.name, destination, target, say)
    elif function.inline:
        destination.mkdir()
        (destination / "index.py").write_text(function.inline)
    else:
        package = destination / Path(*function.package.split("."))
        shutil.copytree(root / function.code, package, ignore=shutil.ignore_patterns(*UNSHIPPED))
    return destination


def _make(folder: Path, name: str, destination: Path, target: Target, say: Callable[[str], None]) -> None:
    """Run a folder's Makefile as SAM does (BuildMethod: makefile); pass on what it has to say."""
    destination.mkdir(parents=True)
    environment = {**os.environ, "ARTIFACTS_DIR": str(destination), "PYTHON": sys.executable}
    if target == "host":
        environment |= {"PLATFORMS": "", "PYTHON_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}"}
    made = run_program(["make", f"build-{name}"], MAKE_SECONDS, cwd=folder, env=environment)
    if made.returncode:
        raise BuildError(f"{name}: {(made.stderr or made.stdout).strip()[-2000:]}")
    for line in made.stderr.splitlines():
        if line.startswith("no bytecode"):
            say(f"{name}: {line}")
