"""Import a guest's application and report on its interpreter: one line of JSON on standard output.

What the application prints while it is imported goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Check the application named by the first argument."""
    out = os.dup(1)
    os.dup2(2, 1)
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
    os.write(out, json.dumps(report).encode() + b"\n")
    os._exit(0)  # threads that the application has started do not matter
