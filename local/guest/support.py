"""The folder at the end of a guest's import path: the server and the adapters, where the guest has none of its own.

All of it is pure Python, so that any interpreter can import it; a guest's own versions come first.
"""

from __future__ import annotations

import importlib.util
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
    sources = {PACKAGE: INSIDE}
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            raise UserError(f"{name} is not installed; run: make setup")
        source = Path(spec.origin)
        source = source.parent if spec.submodule_search_locations else source
        sources[source.name] = source
    for name, source in sources.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return folder
