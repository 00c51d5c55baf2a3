"""`make test-sam`: the template through SAM CLI and a container engine of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.engine import private
from local.sam import check


def test_without_an_engine_there_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check.main() == 2
    line = capsys.readouterr().err
    assert "apt-get install --no-install-recommends docker.io iptables debootstrap" in line
    assert line.count("\n") == 1


@pytest.mark.heavy
def test_every_example_is_right_through_sam_local_invoke_and_start_api() -> None:
    try:
        private.require()
    except private.NoEngine as problem:
        pytest.skip(f"NOT RUN: {problem}")
    done = subprocess.run([sys.executable, "-m", "local.sam.check"], cwd=check.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
