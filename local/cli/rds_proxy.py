"""`crossover rds-proxy` and `crossover rds-proxy explain`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from local.console import console, print_json
from local.errors import UserError
from local.paths import DATA, ROOT

if TYPE_CHECKING:
    from local.emulator.rds_proxy.settings import ProxySettings, ProxyUsers

SERVE = "serve"


class ServesByDefault(TyperGroup):
    """A group whose arguments are those of `serve` where they name no other command."""

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Put the default command in front."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = [SERVE, *args]
        return super().parse_args(context, args)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        cls=ServesByDefault,
        no_args_is_help=False,
        help="An emulator of RDS Proxy's documented behaviour, for tests: `crossover rds-proxy URL` runs it.",
    )
    group.command(SERVE)(serve)
    group.command()(explain)
    app.add_typer(group, name="rds-proxy")


def serve(
    url: Annotated[
        str, typer.Argument(help="The database: mysql://USER:PASSWORD@HOST:PORT/DATABASE.", show_default="make mysql's")
    ] = "",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    page_port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page and of /metrics.")] = 0,
    template: Annotated[
        Path, typer.Option(help="The template whose proxy's settings are taken.", show_default="template.yaml")
    ] = ROOT / "template.yaml",
    max_connections_percent: Annotated[int | None, typer.Option(help="MaxConnectionsPercent.")] = None,
    max_idle_connections_percent: Annotated[int | None, typer.Option(help="MaxIdleConnectionsPercent.")] = None,
    connection_borrow_timeout: Annotated[float | None, typer.Option(help="ConnectionBorrowTimeout, seconds.")] = None,
    idle_client_timeout: Annotated[float | None, typer.Option(help="IdleClientTimeout, seconds.")] = None,
    init_query: Annotated[str | None, typer.Option(help="InitQuery.")] = None,
    session_pinning_filter: Annotated[list[str] | None, typer.Option(help="EXCLUDE_VARIABLE_SETS.")] = None,
    require_tls: Annotated[bool | None, typer.Option("--require-tls/--no-require-tls", help="RequireTLS.")] = None,
    iam: Annotated[bool | None, typer.Option("--iam/--no-iam", help="IAMAuth: tokens in place of passwords.")] = None,
    client_password_auth_type: Annotated[str | None, typer.Option(help="ClientPasswordAuthType.")] = None,
    max_database_connections: Annotated[
        int | None, typer.Option(min=1, help="In place of the database's max_connections.")
    ] = None,
    max_clients: Annotated[int | None, typer.Option(min=1, max=100_000, help="Clients at once; 10,000.")] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="ARN or name of a secret with username and password, read by boto3.")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Warn of session state that RDS Proxy would not notice.")] = True,
) -> None:
    """Run an emulated RDS Proxy in front of a database and print its store URL; Ctrl-C ends it.

    It is an emulator of the documented behaviour, for tests, and listens on loopback only.
    """
    from local.emulator.intrinsics import load_document
    from local.emulator.rds_proxy.settings import checked, from_template

    options: dict[str, Any] = {
        "max_connections_percent": max_connections_percent,
        "max_idle_connections_percent": max_idle_connections_percent,
        "connection_borrow_timeout": connection_borrow_timeout,
        "idle_client_timeout": idle_client_timeout,
        "init_query": init_query,
        "session_pinning_filters": tuple(session_pinning_filter) if session_pinning_filter else None,
        "require_tls": require_tls,
        "iam_auth": iam,
        "client_password_auth_type": client_password_auth_type,
        "max_database_connections": max_database_connections,
        "max_clients": max_clients,
        "watch_session_state": watch,
    }
    try:
        settings = from_template(load_document(template))
    except (OSError, ValueError) as problem:
        raise UserError(f"cannot take the settings of {template}: {problem}") from None
    chosen = {name: value for name, value in options.items() if value is not None}
    if max_connections_percent is not None and max_idle_connections_percent is None:
        chosen["max_idle_connections_percent"] = None
    _serve(url, checked(replace(settings, **chosen)), secret or [], port, page_port)


def explain(
    sql: Annotated[str, typer.Argument(help="The SQL text of one request.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say whether a statement pins a client to its connection, and why, with the row of the documentation."""
    from local.emulator.rds_proxy.pins import effect_of
    from local.emulator.rds_proxy.rules import rules
    from local.emulator.rds_proxy.statements import digest

    effect = effect_of(sql.encode())
    if effect.pin is not None:
        rule = rules()[effect.pin.rule]
    elif effect.assignments:
        rule = rules()["tracked-variables"]
    elif effect.database is not None or effect.dropped:
        rule = rules()["tracked-database"]
    elif sql.split()[:1] and sql.split()[0].upper() == "CALL":
        rule = rules()["routines-never-pin"]
    else:
        rule = rules()["reuse-after-statement"]
    if as_json:
        pin = effect.pin._asdict() if effect.pin else None
        print_json({"pins": pin is not None, "pin": pin, "digest": digest(sql.encode()), "rule": rule._asdict()})
        return
    verdict = f"pins: {effect.pin.reason} {effect.pin.subject}".rstrip() if effect.pin else "does not pin"
    console.print(verdict, markup=False, highlight=False, soft_wrap=True)
    for name, value in effect.assignments:
        console.print(f"tracked: {name.lower()} = {value or '(an expression)'}", markup=False, soft_wrap=True)
    console.print(f"{rule.behaviour} ({rule.basis})", markup=False, highlight=False, soft_wrap=True)
    console.print(f"“{rule.says}” {rule.source}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"digest: {digest(sql.encode())}", markup=False, highlight=False, soft_wrap=True)


def _serve(url: str, settings: ProxySettings, secrets: list[str], port: int, page_port: int) -> None:
    import ssl
    from urllib.parse import quote, urlencode

    import uvloop

    from container.http.fd_limit import connections_within_limit
    from crossover_mysql.target import parse
    from local.emulator.rds_proxy.certificates import server_context
    from local.emulator.rds_proxy.database import DatabaseAddress, DatabaseError
    from local.emulator.rds_proxy.proxy import HOST, ProxyEndpoint, ProxyPorts, RdsProxy
    from local.emulator.rds_proxy.running import FOLDER, remember
    from local.emulator.rds_proxy.serving import BANNER, ProxyLog, serve_proxy

    try:
        target = parse(url or _own_server())
    except ValueError as problem:
        raise UserError(str(problem)) from None
    users = _users(target.user, target.password, secrets)
    user, password = next(iter(users.passwords.items()))
    context, certificate = server_context(FOLDER)
    settings = replace(settings, max_clients=connections_within_limit(settings.max_clients))
    address = DatabaseAddress(
        target.host, target.port, ssl.create_default_context(cafile=target.ca) if target.tls else None
    )
    log = ProxyLog(show=not console.is_terminal)
    proxy = RdsProxy(address, users, settings, ProxyEndpoint(port, context), ProxyPorts(log=log))

    def announce(page: str) -> None:
        options = {"auth": "iam"} if settings.iam_auth else {}
        options |= {"ca": str(certificate)} if settings.require_tls or settings.iam_auth else {}
        query = f"?{urlencode(options, safe='/')}" if options else ""
        secret = "" if settings.iam_auth or not password else f":{quote(password, safe='')}"
        place = f"{HOST}:{proxy.port}/{quote(target.database, safe='')}{query}"
        remember(f"mysql://{quote(user, safe='')}{secret}@{place}")
        console.print(f"{BANNER}\n{page} shows it; Ctrl-C ends it", highlight=False, soft_wrap=True)
        print(f"mysql://{quote(user, safe='')}{':PASSWORD' if secret else ''}@{place}", flush=True)  # noqa: T201

    try:
        uvloop.run(serve_proxy(proxy, log, page_port, announce))
    except DatabaseError as problem:
        raise UserError(f"{problem}; crossover mysql runs a server on this machine") from None
    except OSError as problem:
        raise UserError(f"cannot listen on port {port} ({problem.strerror}); give another --port") from None
    finally:
        (FOLDER / "url").unlink(missing_ok=True)


def _own_server() -> str:
    """Return the URL of the server that `make mysql` runs."""
    from local.data.mysql.server import DATABASE, HOST, USER

    try:
        port = int((DATA / "mysql" / "port").read_text())
    except (OSError, ValueError):
        raise UserError("give the database's URL, or run one with: make mysql") from None
    return f"mysql://{USER}@{HOST}:{port}/{DATABASE}"


def _users(user: str, password: str, secrets: list[str]) -> ProxyUsers:
    """Who may sign in: the URL's user, or those of the secrets; tokens signed with the environment's access key."""
    import json
    import os

    from local.emulator.rds_proxy.iam import AccessKey
    from local.emulator.rds_proxy.settings import ProxyUsers

    key_id, key = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    keys = (AccessKey(key_id, key),) if key_id and key else ()
    if not secrets:
        return ProxyUsers({user: password}, keys)
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    passwords = {}
    for arn in secrets:
        try:
            value = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
            passwords[value["username"]] = value["password"]
        except (BotoCoreError, ClientError) as problem:
            raise UserError(f"the secret {arn} cannot be read: {problem}") from None
        except (KeyError, TypeError, ValueError):
            raise UserError(f"the secret {arn} has no username and password as JSON") from None
    return ProxyUsers(passwords, keys)
