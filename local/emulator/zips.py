"""Code that a template names as a zip file, as packaging tools write it: unpacked once for each content."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
import zlib
from pathlib import Path

from local.emulator import quotas
from local.emulator.bundle import forget_old
from local.paths import BUILD


class BadZip(Exception):
    """A zip file that cannot be a function's or a layer's; the message says why."""


def unpacked(path: Path) -> Path:
    """Return the folder that holds the content of a zip file.

    Raises:
        BadZip: It is no zip file, is encrypted, or holds more than Lambda takes.
    """
    name = path.name
    try:
        if path.stat().st_size > quotas.UNZIPPED_BYTES:
            raise BadZip(_too_large(name))
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        folder = (BUILD / "zips" / digest).absolute()
        if folder.exists():
            return folder
        forget_old(folder.parent)
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > quotas.UNZIPPED_BYTES:
                    raise BadZip(_too_large(name))
                archive.extractall(making)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, UnicodeError, EOFError):
        raise BadZip(f"{name} is not a zip file that can be read") from None
    except OSError as problem:
        raise BadZip(f"{name}: {(problem.strerror or 'cannot be read').lower()}") from None
    try:
        making.rename(folder)
    except OSError:  # another command was first
        shutil.rmtree(making)
    return folder


def _too_large(name: str) -> str:
    return f"{name} is larger than Lambda takes, which is {quotas.UNZIPPED_BYTES // quotas.MB} MB"
