"""Where things are on this machine, whatever folder a command is called from."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The project's tree: a clone, or the read-only part of one that an installed wheel carries."""
IS_CLONE = (ROOT / "pyproject.toml").is_file()


def _user_folder(variable: str, default: str) -> Path:
    """Return a folder of the XDG Base Directory Specification; relative paths in its variables are ignored."""
    named = Path(os.environ.get(variable, ""))
    return (named if named.is_absolute() else Path.home() / default) / "crossover"


DATA = ROOT / ".data" if IS_CLONE else _user_folder("XDG_DATA_HOME", ".local/share")
"""What commands make and keep: demo stores, database servers. Nothing in it is precious."""
BUILD = ROOT / ".build" if IS_CLONE else _user_folder("XDG_CACHE_HOME", ".cache")
"""What is built from the project and can be built again."""
CACHE = _user_folder("XDG_CACHE_HOME", ".cache")
"""What takes long to build and is the same for every clone."""
REPORT = (ROOT if IS_CLONE else Path.cwd()) / "report"
"""Reports and result files."""
