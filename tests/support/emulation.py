"""What tests of emulated Lambda functions share."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

CODE = Path(__file__).with_name("lambda_functions")
"""Small functions, one a module: most of them misbehave."""


async def gone(pid: int) -> None:
    """Waits until a process has ended; a zombie that only its reaper has to collect counts as ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")
