"""`crossover serve` and `crossover run`."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(serve)
    app.command()(run)


def serve() -> None:
    """Serve the bundle in the foreground, as a pod does. Settings come from the environment."""
    import os
    import sys

    from local.serve.demo import with_demo_store
    from local.serve.run import chosen

    settings, _ = chosen()
    environ = with_demo_store(os.environ, settings.service_names())
    # From here on this process is what a pod runs, signals included.
    os.execve(sys.executable, [sys.executable, "-m", "container"], environ)  # noqa: S606


def run() -> None:
    """Serve the bundle with its page, after a self-check on both platforms; Ctrl-C ends it."""
    from local.serve.run import run_bundle

    run_bundle()
