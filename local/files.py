"""Files read up to a bound, and written whole or not at all: beside their place first, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """Return a file's content. Raises OSError, also where it has more than `max_bytes`."""
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes:,} bytes", str(path))
    return content


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write one file, whole or not at all, and make its folder. Raises OSError."""
    write_all_atomically({path: content})


def write_all_atomically(contents: Mapping[Path, str | bytes]) -> None:
    """Write several files: none of them is replaced before all are on disk. Raises OSError."""
    if nameless := [path for path in contents if not path.name]:
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(nameless[0]))
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside[path].write_bytes(content.encode() if isinstance(content, str) else content)
        for path, temporary in beside.items():
            temporary.replace(path)
    finally:
        for temporary in beside.values():
            temporary.unlink(missing_ok=True)
