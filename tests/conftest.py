"""Profiles, and the list of what this machine cannot run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

NOT_RUN = "NOT RUN: "

settings.register_profile(
    "default", deadline=None, max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    """Commands that are run in this process may set variables, and no other test shall see them."""
    before = dict(os.environ)
    yield
    for name in {**before, **os.environ}.keys() - {"PYTEST_CURRENT_TEST"}:
        if name not in before:
            del os.environ[name]
        else:
            os.environ[name] = before[name]


def _not_run(reporter: pytest.TerminalReporter) -> list[str]:
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", []) if report.longrepr]
    return sorted({reason.partition(NOT_RUN)[2] for reason in reasons if NOT_RUN in reason})


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not run stands at the end, each with the command that enables it."""
    for reason in _not_run(terminalreporter):
        terminalreporter.write_line(f"NOT RUN: {reason}", yellow=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI=true a test that could not be run is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and _not_run(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
