"""Run by the Python inside of a pod: what its restrictions have come to, as JSON. Needs nothing but Python."""

import json
import os
import shutil
from pathlib import Path

FOLDERS = ("/", "/opt/crossover", "/opt/bytecode", "/tmp", "/var/tmp", "/data", "/dev/shm")  # noqa: S108 - tried, not used
LEFT_FROM_BUILDING = ("/wheels", "/pip", "/imported", "/root/.cache", "/var/cache/pip")


def writable(folder: str) -> bool:
    """Whether a file can be made there."""
    try:
        Path(folder, "written").touch()
    except OSError:
        return False
    return True


def found() -> dict[str, object]:
    """Who the first process is, and what can be written, compiled or is left over."""
    lines = Path("/proc/1/status").read_text().splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "first process": Path("/proc/1/cmdline").read_text().split("\0")[:3],
        "uids": sorted(set(status["Uid"])),
        "gids": sorted(set(status["Gid"])),
        "capabilities": sorted({status[name][0].strip("0") for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}),
        "no new privileges": status["NoNewPrivs"],
        "writable": [folder for folder in FOLDERS if writable(folder)],
        "compilers": [name for name in ("cc", "gcc", "clang", "ld", "make") if shutil.which(name)],
        "left from building": [path for path in LEFT_FROM_BUILDING if os.path.lexists(path)],
    }


if __name__ == "__main__":
    print(json.dumps(found()))  # noqa: T201 - its whole purpose
