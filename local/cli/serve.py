"""`crossover serve` and `crossover run`."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(serve)
    app.command()(run)


def serve() -> None:
    """Serve the bundle in the foreground, as a pod does. Settings come from the environment."""
    import os

    from container.server import main
    from local.serve.demo import use_demo_store
    from local.serve.run import chosen

    settings, _ = chosen()
    os.environ.update(use_demo_store(settings.service_names()))
    main()


def run() -> None:
    """Serve the bundle with its page, after a self-check on both platforms; Ctrl-C ends it."""
    from local.serve.run import run_bundle

    run_bundle()
