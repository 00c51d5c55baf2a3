"""`crossover lambda`, `crossover invoke` and `crossover events`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from local.cli.options import App, Directory, Env, Json, Python, ThroughProxy, host_of, through_proxy
from local.cli.template_options import ConfigEnv, Imports, Overrides, TemplateFile, stack_from
from local.console import console, print_json, stderr
from local.errors import UserError
from local.paths import ROOT

if TYPE_CHECKING:
    from local.emulator.bill import Record
    from local.emulator.bundle import Bundle, FunctionLimits
    from local.emulator.event_sources.base import WireRequest
    from local.emulator.function import InvocationOutcome
    from local.emulator.spec import FunctionSpec
    from local.guest.application import Guest

STORE_THAT_TRAVELS = ROOT / "layers" / "store" / "twitter.db"
"""What the template's default for `TWITTER_STORE` names, once the layer is in its place."""

Shape = Literal["url", "v2", "v1", "alb", "alb-multi"]
Service = Annotated[str, typer.Argument(help="The service as in its path, qrcode, or its function, QrcodeFunction.")]
Memory = Annotated[int | None, typer.Option("--memory", help="MB for every function; the template's by default.")]
Timeout = Annotated[float | None, typer.Option("--timeout", help="Seconds; the template's by default.")]
Sample = Literal["sqs", "sns", "s3", "eventbridge", "schedule"]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("lambda")(serve_lambda)
    app.command()(invoke)
    app.command()(events)


def serve_lambda(
    app: App = None,
    template: TemplateFile = None,
    parameter_overrides: Overrides = None,
    import_value: Imports = None,
    config_env: ConfigEnv = "default",
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    host: Annotated[str, typer.Option(envvar="HOST", help="Address to listen on.", callback=host_of)] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65_535, help="Port; 0 takes a free one.")] = 8081,
    event_shape: Annotated[
        Shape | None, typer.Option(help="The event source.", show_default="url; with --template as it says")
    ] = None,
    memory: Memory = None,
    timeout: Timeout = None,
    reserved: Annotated[int | None, typer.Option(help="Reserved concurrency of every function.")] = None,
    provisioned: Annotated[int | None, typer.Option(help="Provisioned concurrency of every function.")] = None,
    idle_lifetime: Annotated[float | None, typer.Option(help="Seconds an idle environment is kept; 600.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Concurrency of the account; 1,000, or less where this machine is small.")
    ] = None,
    records: Annotated[Path | None, typer.Option(help="File that gets a line of JSON an invocation.")] = None,
    logs: Annotated[bool, typer.Option("--logs", help="Print what functions print, to standard error.")] = False,
    control_groups: Annotated[bool, typer.Option(help="Use control groups where this user may.")] = True,
    proxy: ThroughProxy = False,
) -> None:
    """Serve the services through emulated Lambda environments; or your own --app, or your own SAM --template.

    With --template each API answers on its routes, a Function URL at http://NAME.localhost:PORT/. Ctrl-C ends it.
    """
    from local.emulator.bundle import FunctionLimits
    from local.emulator.event_sources import EVENT_SOURCES
    from local.emulator.log_printer import LogPrinter
    from local.emulator.machine import room
    from local.emulator.quotas import ACCOUNT_CONCURRENCY
    from local.emulator.runtime_files import Missing
    from local.emulator.serve import ServeOptions, listen, serve
    from local.emulator.spec import BadSpec
    from local.emulator.stack import addresses
    from local.guest.options import named_guest

    limits = FunctionLimits(memory, timeout, reserved, provisioned, idle_lifetime)
    stack = stack_from(template, (parameter_overrides, import_value, config_env, env), app, limits, event_shape)
    guest = None if stack else named_guest(app, directory, python, env)
    bundle = stack.bundle if stack else _guest_bundle(guest, limits) if guest else _bundle(limits, proxy)
    try:
        listener = listen(host, port)
    except OSError as problem:
        raise UserError(f"cannot listen on {host}:{port} ({problem.strerror}); give another --port or PORT") from None
    with listener, LogPrinter(sys.stderr) as print_log:
        options = ServeOptions(
            concurrency=concurrency or min(ACCOUNT_CONCURRENCY, room()),
            records=records,
            on_log=print_log if logs else None,
            show=console.is_terminal and not logs,
            groups=control_groups,
            announce=partial(addresses, bundle),
        )
        try:
            asyncio.run(serve(bundle, EVENT_SOURCES[event_shape or "url"], listener, options))
        except (BadSpec, Missing) as problem:
            raise UserError(str(problem)) from None
        except OSError as problem:
            raise UserError(f"cannot serve: {problem}") from None


def invoke(
    service: Annotated[
        str | None,
        typer.Argument(help="The service as in its path, qrcode, or its function, QrcodeFunction; none with --app."),
    ] = None,
    template: TemplateFile = None,
    parameter_overrides: Overrides = None,
    import_value: Imports = None,
    config_env: ConfigEnv = "default",
    event_source: Annotated[
        Sample | None,
        typer.Option(help="Make the event: of --data, which is a message, BUCKET/KEY, a detail as JSON, or a rule."),
    ] = None,
    event: Annotated[str, typer.Option(help="A file with the event as JSON, or - for standard input.")] = "-",
    request: Annotated[
        str | None, typer.Option(metavar="'METHOD PATH'", help="Make a Function URL's event of it.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Body of --request, JSON; or what --event-source takes.")] = None,
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    memory: Memory = None,
    timeout: Timeout = None,
    repeat: Annotated[int, typer.Option(min=1, max=10_000, help="Invocations, one after the other.")] = 1,
    as_json: Json = False,
) -> None:
    """Run one event in an emulated environment; print the answer and the REPORT line."""
    from local.emulator.bundle import FunctionLimits
    from local.emulator.runtime_files import Missing
    from local.emulator.spec import BadSpec
    from local.guest.options import named_guest

    if data is not None and request is None and event_source is None:
        raise UserError("--data goes with --request 'METHOD PATH' or --event-source; give one")
    limits = FunctionLimits(memory_mb=memory, timeout=timeout)
    guest = None
    if template is None:
        guest = named_guest(app, directory, python, env) if service is None or app is None else None
        if guest is None:
            service = _service(_required(service, app))
    stack = stack_from(template, (parameter_overrides, import_value, config_env, env), app, limits)
    http = _http(request, data) if stack and request is not None else None
    payload = b"" if http else _payload(event, event_source, request, data)
    if stack and http:
        service, payload = stack.event_of(http, service)
    try:
        bundle = stack.bundle if stack else _guest_bundle(guest, limits) if guest else _bundle(limits)
        function = stack.named(service) if stack else bundle.functions[guest.name if guest else str(service)]
        results = asyncio.run(_run(function, payload, repeat))
    except (BadSpec, Missing) as problem:
        raise UserError(str(problem)) from None
    if as_json:
        rows = [{"answer": _json_or_text(outcome.payload), **record._asdict()} for outcome, record, _ in results]
        print_json(rows[0] if repeat == 1 else rows)
    else:
        for outcome, record, log in results:
            if log:
                text = log.decode("utf-8", "replace").rstrip("\n").replace("\xa0", " ")  # as AWS's client indents
                stderr.print(text, soft_wrap=True, markup=False, highlight=False)
            typer.echo(outcome.payload.decode("utf-8", "replace") or record.reason)
            typer.echo(record.report_line())
    if results[-1][1].ending != "success":
        raise typer.Exit(1)


def events(
    service: Service,
    query: Annotated[str, typer.Argument(help="The query string: 'type=encode&data=CC%20Team'.")],
    shape: Annotated[Shape, typer.Option(help="The event source.")] = "url",
) -> None:
    """Write the event that an event source makes of a GET request."""
    from datetime import UTC, datetime

    from local.emulator.event_sources import EVENT_SOURCES
    from local.emulator.event_sources.base import Call, WireRequest
    from local.emulator.function import new_id, new_trace

    service = _service(service)
    if not query.isascii() or not query.isprintable() or " " in query or "#" in query:
        raise UserError("the query is not percent-encoded ASCII; write %20 for a space, %23 for #")
    headers = (("accept", "*/*"), ("host", "localhost"), ("user-agent", "crossover"))
    request = WireRequest("GET", f"/{service}", query, headers)
    source = EVENT_SOURCES[shape]
    fault = source.refuse(request)
    if fault:
        raise UserError(f"{source.title} refuses this request: {fault.value}; see docs/reference/event-sources.md")
    print_json(source.event(request, Call(new_id(), datetime.now(UTC), new_trace(), f"GET /{service}")))


def _service(name: str) -> str:
    """Return the service that a name means, before anything is built or read for it."""
    from local.emulator.artifacts import TEMPLATE
    from local.emulator.bundle import service_of
    from local.emulator.intrinsics import TemplateError
    from local.emulator.spec import BadSpec
    from local.emulator.template import read_template

    try:
        return service_of(name, read_template(TEMPLATE))
    except (BadSpec, TemplateError) as problem:
        raise UserError(str(problem)) from None


def _bundle(limits: FunctionLimits, proxy: bool = False) -> Bundle:
    from local.emulator.artifacts import BuildError
    from local.emulator.bundle import from_template
    from local.emulator.spec import BadSpec
    from local.serve.demo import with_demo_store

    environ = through_proxy(os.environ, proxy)
    if not STORE_THAT_TRAVELS.exists():
        environ = with_demo_store(environ, ["twitter"])
    try:
        with stderr.status("building the functions for this machine") as status:
            return from_template(limits, environ, say=status.update)
    except (BadSpec, BuildError, ValueError) as problem:
        raise UserError(str(problem)) from None


def _required(service: str | None, app: str | None) -> str:
    if service is None:
        raise UserError("invoke takes a SERVICE, or --app MODULE:NAME; see crossover invoke --help")
    if app is not None:
        raise UserError(f"invoke takes {service[:40]} or --app, not both")
    return service


def _guest_bundle(guest: Guest, limits: FunctionLimits) -> Bundle:
    """Import the guest once in a process of its own, so that what is wrong with it is one line, and make its bundle."""
    from local.emulator.spec import BadSpec
    from local.guest.check import checked
    from local.guest.emulated import bundle_of

    try:
        with stderr.status(f"importing {guest.reference}"):
            return bundle_of(guest, checked(guest), limits)
    except BadSpec as problem:
        raise UserError(str(problem)) from None


def _event_of(request: str, data: str | None) -> bytes:
    """Return the event that a Function URL makes of `METHOD PATH`. Raises `UserError`."""
    from datetime import UTC, datetime

    from local.emulator.event_sources import EVENT_SOURCES
    from local.emulator.event_sources.base import Call
    from local.emulator.function import new_id, new_trace

    source = EVENT_SOURCES["url"]
    http = _http(request, data)
    fault = source.refuse(http)
    if fault:
        raise UserError(f"{source.title} refuses this request: {fault.value}; see docs/reference/event-sources.md")
    return json.dumps(source.event(http, Call(new_id(), datetime.now(UTC), new_trace()))).encode()


def _http(request: str, data: str | None) -> WireRequest:
    """Return `METHOD PATH` and a body of JSON as a request. Raises `UserError`."""
    from local.emulator.event_sources.base import WireRequest

    method, _, target = request.partition(" ")
    if not target.startswith("/") or not method.isalpha() or not target.isascii() or not target.isprintable():
        raise UserError("--request takes a method and a percent-encoded path, such as 'GET /items?page=2'")
    path, _, query = target.partition("?")
    headers = [("accept", "*/*"), ("host", "localhost"), ("user-agent", "crossover")]
    body = (data or "").encode()
    if body:
        headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
    return WireRequest(method.upper(), path, query, tuple(headers), body)


def _payload(event: str, sample: str | None, request: str | None, data: str | None) -> bytes:
    """Return the event that the options name. Raises `UserError`."""
    if sample is not None and request is not None:
        raise UserError("invoke takes --event-source or --request, not both")
    if sample is not None:
        from local.emulator.sample_events import SAMPLES

        try:
            return json.dumps(SAMPLES[sample](data or "")).encode()
        except ValueError:
            raise UserError("--data is no JSON, which the detail of an eventbridge event has to be") from None
    return _event(event) if request is None else _event_of(request, data)


def _event(source: str) -> bytes:
    from local.emulator import quotas

    try:
        if source == "-":
            payload = sys.stdin.buffer.read(quotas.PAYLOAD + 1)
        else:
            with Path(source).open("rb") as file:
                payload = file.read(quotas.PAYLOAD + 1)
    except OSError as problem:
        raise UserError(f"cannot read {source}: {problem.strerror}") from None
    if len(payload) > quotas.PAYLOAD:
        raise UserError(f"the event is larger than Lambda takes: {quotas.PAYLOAD:,} bytes")
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        raise UserError("the event is no JSON; crossover events writes one") from None
    return payload


async def _run(function: FunctionSpec, event: bytes, repeat: int) -> list[tuple[InvocationOutcome, Record, bytes]]:
    from local.emulator.emulator import Emulator

    records: list[Record] = []
    results = []
    async with Emulator([function], on_record=records.append) as emulator:
        emulated = emulator.functions[function.name]
        for _ in range(repeat):
            outcome = await emulated.invoke(event)
            await emulated.settled()
            results.append((outcome, records[-1], emulated.last_log))
    return results


def _json_or_text(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload.decode("utf-8", "replace")
