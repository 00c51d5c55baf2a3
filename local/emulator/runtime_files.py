"""What Lambda has in /var/runtime: AWS's runtime client and boto3, and nothing else of this virtual environment."""

from __future__ import annotations

import compileall
import importlib.util
import sys
from pathlib import Path

from local.paths import BUILD

MODULES = (
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)
"""AWS's runtime client with what it needs, and the SDK that comes with the Python runtimes."""

COMPILED_PACKAGES = ("awslambdaric", "simplejson", "snapshot_restore_py")


class Missing(RuntimeError):
    """The runtime client is not installed here. The message is one line."""


def prepare(folder: Path | None = None) -> Path:
    """Make the folder, once: links to the installed modules, the client compiled as on Lambda.

    `folder` is by default `runtime/pythonX.Y` where things are built. Raises `Missing`.
    """
    if sys.platform != "linux":
        raise Missing("Lambda's runtime client exists for Linux only; use a container or a virtual machine")
    folder = (folder or BUILD / "runtime" / f"python{sys.version_info.major}.{sys.version_info.minor}").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            raise Missing(f"{name} is not installed; run: make setup")
        source = Path(spec.origin)
        if spec.submodule_search_locations:
            source = source.parent
        link = folder / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
            if name in COMPILED_PACKAGES:
                (compileall.compile_dir if source.is_dir() else compileall.compile_file)(source, quiet=2)
    return folder
