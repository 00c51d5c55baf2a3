"""Which of an application's files go into its package, and zips with the same bytes for the same files."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from local.errors import UserError
from local.guest.project_file import NAME, SKIPPED_FOLDERS

MAX_FILES = 20_000
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""
LEFT_OUT = ("*.har", "*.pyc", "*.zip", NAME, "requests.jsonl", "openapi.json", "access.log", "Dockerfile*")
OWN_FOLDERS = frozenset(("report", "__pycache__"))


def sources(folder: Path, out: Path, excluded: Collection[str]) -> dict[str, Path]:
    """Return the application's files by their names in the package, in order.

    Hidden files, virtual environments, tests, reports and recorded requests stay out, and so does what git ignores.

    Raises:
        UserError: where there are too many.
    """
    files = {}
    for path in _candidates(folder):
        relative = path.relative_to(folder)
        parts = relative.parts
        if path.is_relative_to(out) or any(part.startswith(".") or part in OWN_FOLDERS for part in parts):
            continue
        if not SKIPPED_FOLDERS.isdisjoint(parts[:-1]) or any(
            _matches(relative, pattern) for pattern in (*LEFT_OUT, *excluded)
        ):
            continue
        files[relative.as_posix()] = path
        if len(files) > MAX_FILES:
            raise UserError(f"{folder} has more than {MAX_FILES:,} files; leave some out with exclude in {NAME}")
    return dict(sorted(files.items()))


def write_zip(path: Path, files: Mapping[str, Path]) -> None:
    """Write a zip whose bytes depend on names, content and whether a file can be run, and on nothing else."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            source = files[name]
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the mode counts
            entry.external_attr = (0o100755 if source.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, source.read_bytes())


def tree(folder: Path, prefix: str = "") -> dict[str, Path]:
    """Return all files of a folder by their names below the prefix."""
    return {prefix + path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _candidates(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder; in a git repository, those that it does not ignore."""
    command = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        names = done.stdout.decode("utf-8", "surrogateescape").split("\0") if done.returncode == 0 else []
    except (OSError, subprocess.TimeoutExpired):
        names = []
    # A folder that git ignores as a whole lists nothing.
    paths = [folder / name for name in names if name] or sorted(folder.rglob("*"))
    yield from (path for path in paths if path.is_file())


def _matches(relative: Path, pattern: str) -> bool:
    """Return whether a pattern names the file, its name alone, or a folder above it."""
    whole = relative.as_posix()
    pattern = pattern.rstrip("/")
    return fnmatch(whole, pattern) or fnmatch(relative.name, pattern) or whole.startswith(f"{pattern}/")
