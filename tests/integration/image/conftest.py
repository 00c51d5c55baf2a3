"""The image, built once for all tests here; what they measure is printed at the end and kept as a result file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.data.etl.demo import ensure_demo_store
from local.deploy import image
from local.measure.results import Result, write
from local.paths import DATA, ROOT
from tests.support import image_figures
from tests.support.image import TAG, BuiltImage
from tests.support.private_engine import any_engine

DRAIN_SECONDS = 4
FIGURES = pytest.StashKey[dict[str, Any]]()


@pytest.fixture(scope="session")
def built() -> Iterator[BuiltImage]:
    """The image, built with the user's engine or a private one, and a demo store for its pods."""
    with any_engine() as engine:
        image.build(engine.docker, engine.base, TAG)
        store = ensure_demo_store(DATA).replace(str(DATA.absolute()), "/data")
        settings = {"DRAIN_SECONDS": str(DRAIN_SECONDS), "TWITTER_STORE": store}
        yield BuiltImage(engine.docker, engine.base, settings)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Where tests put what they measure: `bytes`, `base_bytes`, `layers`, `pods`, `drain`, `base`."""
    return pytestconfig.stash.setdefault(FIGURES, {"pods": []})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures, and keep them where every test passed."""
    figures = config.stash.get(FIGURES, None)
    if figures is None or "bytes" not in figures:
        return
    terminalreporter.ensure_newline()
    image_figures.show(figures)
    if not terminalreporter.stats.get("failed") and not terminalreporter.stats.get("error"):
        path = write(Result(kind="image", config={"base": figures.pop("base")}, data=figures))
        terminalreporter.write_line(f"the figures are in {path.relative_to(ROOT)}")
