"""`make test-sam`: the template through SAM CLI and a container engine of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from local.engine import private
from local.sam import check


@pytest.mark.heavy
def test_every_example_is_right_through_sam_local_invoke_and_start_api() -> None:
    try:
        private.require()
    except private.NoEngine as problem:
        pytest.skip(f"NOT RUN: {problem}")
    done = subprocess.run([sys.executable, "-m", "local.sam.check"], cwd=check.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
