"""`crossover serve` and `crossover run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from local.cli.options import App, Directory, Env, Python, ThroughProxy, host_of, through_proxy

if TYPE_CHECKING:
    from local.guest.application import Guest


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(serve)
    app.command()(run)


def serve(
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    host: Annotated[
        str, typer.Option(envvar="HOST", help="Address to listen on; only with --app.", callback=host_of)
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="PORT", min=1, max=65_535, help="Port to listen on; only with --app.")
    ] = 8080,
    proxy: ThroughProxy = False,
) -> None:
    """Serve the bundle in the foreground, as a pod does; or with --app your own application, by uvicorn.

    Settings of the bundle come from the environment: HOST, PORT, WORKERS, CROSSOVER_SERVICES, TEAM_NAME, TWITTER_STORE
    and others; docs/reference/settings.md lists them all.
    """
    import os
    import sys

    from local.console import stderr
    from local.guest.options import named_guest

    if guest := named_guest(app, directory, python, env):
        _serve_guest(guest, host, port)
    from local.serve.demo import with_demo_store
    from local.serve.process import SHIM
    from local.serve.run import chosen

    settings, _ = chosen()
    environ = with_demo_store(through_proxy(os.environ, proxy), settings.service_names())
    if settings.port:
        host_shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        stderr.print(f"http://{host_shown}:{settings.port}/  the page; Ctrl-C ends it", highlight=False, markup=False)
    # From here on this process is what a pod runs, signals included.
    os.execve(sys.executable, [sys.executable, *SHIM], environ)  # noqa: S606


def _serve_guest(guest: Guest, host: str, port: int) -> NoReturn:
    """Become the guest's server."""
    import os

    from local.errors import UserError
    from local.guest.application import environment_of

    os.chdir(guest.directory)
    command = guest.command("serve", guest.reference, host, str(port))
    try:
        os.execvpe(command[0], command, environment_of(guest))  # noqa: S606
    except OSError as problem:
        raise UserError(f"cannot run {guest.python}: {problem.strerror}; give another --python") from None


def run() -> None:
    """Serve the bundle with its page, after a self-check on both platforms; Ctrl-C ends it."""
    from local.serve.run import run_bundle

    run_bundle()
