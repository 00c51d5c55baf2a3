"""The artifacts: one folder for each function, with its own files only, and one for each layer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.emulator.template import Template
from local.paths import ROOT as ROOT

Target = Literal["host", "lambda"]

TEMPLATE = ROOT / "template.yaml"


MARKER = ".crossover-artifacts"
"""The file beside the artifacts that says that a folder is a build's, to be emptied by the next one."""


class BuildError(RuntimeError):
    """The folder cannot be used, or a layer's Makefile failed; the message then ends with what it printed."""


@dataclass(frozen=True)
class Artifacts:
    """Built folders, by logical name. A function's code goes on the path first, then each layer's `python`."""

    functions: Mapping[str, Path]
    layers: Mapping[str, Path]


def build(
    template: Template, target: Target, out: Path, root: Path = ROOT, say: Callable[[str], None] = print
) -> Artifacts:
    """Builds every function and layer into `out`, for Lambda (arm64) or for this machine.

    What an earlier build left in `out` goes first; a folder with anything else in it is refused. Raises `BuildError`.
    """
    out = out.absolute()  # a layer's make runs in a folder of its own
    try:
        _make_room(out)
        return _build(template, target, out, root, say)
    except OSError as problem:
        raise BuildError(f"cannot build in {out}: {problem}") from problem


def _make_room(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    content = list(out.iterdir())
    if content and not (out / MARKER).is_file():
        raise BuildError(f"{out} is not empty and was not made by crossover build; empty it or give another --out")
    (out / MARKER).touch()
    for each in content:
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != MARKER:
            each.unlink()


def _build(template: Template, target: Target, out: Path, root: Path, say: Callable[[str], None]) -> Artifacts:
    layers = {}
    for name, layer in template.layers.items():
        say(f"building {name} for {target}")
        layers[name] = out / name
        if layer.made:
            _make_layer(root / layer.content, name, layers[name], target)
        else:
            shutil.copytree(root / layer.content, layers[name], ignore=shutil.ignore_patterns(".*"))
    functions = {}
    for name, function in template.functions.items():
        say(f"building {name}")
        functions[name] = out / name
        destination = out / name / Path(*function.package.split("."))
        shutil.copytree(root / function.code, destination, ignore=shutil.ignore_patterns("__pycache__"))
    return Artifacts(functions, layers)


def _make_layer(folder: Path, name: str, destination: Path, target: Target) -> None:
    destination.mkdir(parents=True)
    environment = {**os.environ, "ARTIFACTS_DIR": str(destination), "PYTHON": sys.executable}
    if target == "host":
        environment["PLATFORMS"] = ""
    made = subprocess.run(["make", f"build-{name}"], cwd=folder, env=environment, capture_output=True, text=True)
    if made.returncode:
        raise BuildError(f"layer {name}: {(made.stderr or made.stdout).strip()[-2000:]}")
