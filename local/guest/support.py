"""The folder at the end of a guest's import path: the server and the adapters, where the guest has none of its own.

All of it is pure Python, so that any interpreter can import it; a guest's own versions come first.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from local.errors import UserError
from local.paths import BUILD

MODULES = ("uvicorn", "click", "h11", "mangum", "a2wsgi", "typing_extensions")
INSIDE = Path(__file__).with_name("inside")
PACKAGE = "crossover_guest"


@cache
def support_folder(parent: Path = BUILD) -> Path:
    """Return the folder, made of links. Raises `UserError` where a module is not installed."""
    folder = (parent / "guest").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in {PACKAGE: INSIDE, **module_paths(MODULES)}.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != source:
            # Another command may do the same at this moment.
            beside = folder / f".{name}.{os.getpid()}"
            beside.symlink_to(source)
            beside.replace(link)
    return folder


def module_paths(modules: Iterable[str]) -> dict[str, Path]:
    """Return where modules are installed, by the names of their files or folders. Raises `UserError`."""
    missing = {}
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            raise UserError(f"{name} is not installed; run: make setup")
        source = Path(spec.origin)
        source = source.parent if spec.submodule_search_locations else source
        missing[source.name] = source
    return missing
