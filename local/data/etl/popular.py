"""The popular tags: words so common that sharing them says nothing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from local.errors import UserError

MAX_BYTES = 64 * 2**20
SHIPPED_TAGS = files("local.data.etl") / "popular_tags.txt"
"""A short made-up list that comes with the project."""


def read_popular(path: Path) -> frozenset[str]:
    """Return the tags of a UTF-8 file, lower-cased: one a line, white space around them and empty lines ignored."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is larger than {MAX_BYTES} bytes: give a list of popular tags, one a line")
        return tags_of(path.read_bytes(), str(path))
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}; give a list of popular tags, one a line") from None


def tags_of(content: bytes, name: str) -> frozenset[str]:
    """Return the tags of a file's bytes, as `read_popular` does. Raises `UserError`, with the file's name."""
    try:
        return parse_popular(content)
    except UnicodeDecodeError:
        raise UserError(f"{name} is not UTF-8: give a list of popular tags, one a line") from None


def parse_popular(content: bytes) -> frozenset[str]:
    """Return the tags of a file's bytes, as `read_popular` does."""
    lines = content.decode("utf-8-sig").split("\n")
    return frozenset(tag for line in lines if (tag := line.strip().lower()))
