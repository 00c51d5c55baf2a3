"""The CPU time of each test, its child processes included, and the list of the slow ones.

`make test` has three minutes of CPU after set-up; what is slow runs in `make test-slow`, which continuous integration
runs too. A test is slow where one of its cases takes `SLOW_SECONDS`, with the fixtures that it is the first to use, or
all of them `SLOW_TOTAL_SECONDS`.
`pytest -m "not heavy" --renew-slow-tests` measures all and renews the list; a line may also be a whole file. It counts
processes that live on as well, such as a browser that many tests use, and needs Linux for that.
"""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

SLOW_TESTS = Path(__file__).parents[1] / "slow_tests.txt"
SLOW_SECONDS, SLOW_TOTAL_SECONDS = 0.3, 0.8
PROPERTY = "cpu_seconds"


def function_of(nodeid: str) -> str:
    """Return the name of a test without its parameters."""
    return nodeid.partition("[")[0]


def used_seconds() -> float:
    """Return the CPU time of this process and of those of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def all_used_seconds() -> float:
    """Return the CPU time of this process and of all its descendants, those that live too."""
    return used_seconds() + sum(map(_process_seconds, _descendants(os.getpid())))


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from _descendants(child)


def _process_seconds(pid: int) -> float:
    with suppress(psutil.Error):
        return sum(psutil.Process(pid).cpu_times()[:4])
    return 0.0


def slow_tests() -> frozenset[str]:
    """Return the names of the slow tests, without parameters."""
    return frozenset(SLOW_TESTS.read_text().split())


class CpuRecorder:
    """A plugin that adds each test's CPU time to its last report, and sums them where the summary is printed."""

    def __init__(self, *, renew: bool) -> None:
        self._renew = renew
        self._used_seconds = all_used_seconds if renew else used_seconds
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._before = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark the tests of the list `slow`, but those that are marked `essential`."""
        slow = slow_tests()
        for item in items:
            name = function_of(item.nodeid)
            if not slow.isdisjoint((name, name.partition("::")[0])) and not item.get_closest_marker("essential"):
                item.add_marker(pytest.mark.slow)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Remember what was used before."""
        self._before = self._used_seconds()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Add what the test used to the report of its teardown, which goes from a worker to the main process."""
        if call.when == "teardown":
            item.user_properties.append((PROPERTY, self._used_seconds() - self._before))
        yield

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down the CPU time of a test."""
        for name, seconds in report.user_properties if report.when == "teardown" else ():
            if name == PROPERTY and isinstance(seconds, float):
                self._seconds[report.nodeid] = seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the sum; renew the list where that is wanted."""
        total = sum(self._seconds.values())
        terminalreporter.write_line(f"CPU of {len(self._seconds)} tests and their child processes: {total:.0f} s")
        if self._renew:
            files = {name for name in slow_tests() if "::" not in name}
            totals: defaultdict[str, float] = defaultdict(float)
            for test, seconds in self._seconds.items():
                totals[function_of(test)] += seconds
            slow = {function_of(test) for test, seconds in self._seconds.items() if seconds >= SLOW_SECONDS}
            slow |= {name for name, seconds in totals.items() if seconds >= SLOW_TOTAL_SECONDS}
            slow = files | {name for name in slow if name.partition("::")[0] not in files}
            rest = sum(
                seconds
                for test, seconds in self._seconds.items()
                if slow.isdisjoint((name := function_of(test), name.partition("::")[0]))
            )
            terminalreporter.write_line(f"{len(slow)} functions or files are slow; the others: {rest:.0f} s")
            SLOW_TESTS.write_text("".join(f"{name}\n" for name in sorted(slow)))
