"""How many environments a machine has room for."""

from __future__ import annotations

from pathlib import Path

from local.emulator.machine import available_mb, room


def test_what_the_kernel_calls_available_counts(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       24000000 kB\nMemFree:  1 kB\nMemAvailable:   4915200 kB\n")
    assert available_mb(meminfo) == 4800


def test_a_kernel_that_does_not_say_counts_as_none(tmp_path: Path) -> None:
    assert available_mb(tmp_path / "none") == 0


def test_there_is_always_room_for_one() -> None:
    assert room() >= 1
