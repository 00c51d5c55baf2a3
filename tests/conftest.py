"""Profiles, and the list of what this machine cannot run."""

from __future__ import annotations

import os
import signal
from functools import cache

import pytest
import typer.testing
from hypothesis import HealthCheck, settings

from tests.support.cpu import CpuRecorder

NOT_RUN = "NOT RUN: "

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background job ignores Ctrl-C, and so would every command that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "default", deadline=None, max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Assembling the commands takes longer than most of them: once, not before each command that a test runs.
typer.testing._get_command = cache(typer.testing._get_command)

COVERING_PROPERTIES = ("tests/unit/twitter/", "tests/contract/test_twitter_serving.py")
"""Where property tests alone reach some lines of a service, so that their coverage is measured."""
HEAVY_SECONDS = 900
"""Before a heavy test is ended; pyproject.toml has the bound of the others."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound every test, and measure no coverage in property tests: they run the lines of others many times."""
    for item in items:
        property_test = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if property_test and not item.nodeid.startswith(COVERING_PROPERTIES):
            item.add_marker(pytest.mark.no_cover)
        if item.get_closest_marker("heavy") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(HEAVY_SECONDS))


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the verbs that exist to run certain tests."""
    parser.addoption("--fail-not-run", action="store_true", help="a test that this machine cannot run is a failure")
    parser.addoption("--renew-slow-tests", action="store_true", help="write tests/slow_tests.txt from what is measured")


def pytest_configure(config: pytest.Config) -> None:
    """Measure the CPU time of every test."""
    config.pluginmanager.register(CpuRecorder(renew=config.option.renew_slow_tests))


def _not_run(reporter: pytest.TerminalReporter) -> list[str]:
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", []) if report.longrepr]
    return sorted({reason.partition(NOT_RUN)[2] for reason in reasons if NOT_RUN in reason})


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not run stands at the end, each with the command that enables it."""
    for reason in _not_run(terminalreporter):
        terminalreporter.write_line(f"NOT RUN: {reason}", yellow=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With --fail-not-run or CI=true a test that could not be run is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    strict = session.config.option.fail_not_run or os.environ.get("CI") == "true"
    if strict and reporter is not None and _not_run(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
