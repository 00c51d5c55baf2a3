"""Import a guest's application and report on its interpreter: one line of JSON in a file."""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Check the application named by the first argument; the second one names the file."""
    own = os.getpid()
    file = os.path.abspath(sys.argv[2])  # noqa: PTH100
    path = [os.path.abspath(folder) for folder in sys.path if folder]  # noqa: PTH100 - links stay
    from .loading import load_or_exit

    begun = time.perf_counter()
    application = load_or_exit(sys.argv[1])
    report = {
        "version": list(sys.version_info[:2]),
        "path": path,
        "kind": application.kind,
        "import_seconds": time.perf_counter() - begun,
    }
    if os.getpid() == own:  # and not a fork that the application has made while it was imported
        with open(file, "w") as out:  # noqa: PTH123
            out.write(json.dumps(report))
    os._exit(0)  # threads that the application has started do not matter
