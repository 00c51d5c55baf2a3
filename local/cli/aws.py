"""`crossover aws`."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.options import host_of


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("aws")(serve_aws)


def serve_aws(
    host: Annotated[str, typer.Option(help="Address to listen on.", callback=host_of)] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 5000,
) -> None:
    """Serve emulated AWS services (moto) for boto3 with AWS_ENDPOINT_URL. Ctrl-C ends it, and all that they keep."""
    from local.console import console
    from local.emulator.aws_services import serve
    from local.errors import UserError

    try:
        with serve(host, port) as server:
            console.print(f"AWS services on {server.address}; Ctrl-C ends them. To use them:", soft_wrap=True)
            for name, value in server.environment().items():
                typer.echo(f"export {name}={value}")
            server.wait()
    except OSError as problem:
        raise UserError(f"cannot listen on {host}:{port} ({problem.strerror}); give another --port") from None
