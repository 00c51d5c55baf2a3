"""`crossover deploy`: an environment in an AWS account, planned, brought up, smoked, looked at and removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.options import Json
from local.console import LiteralTable, console, error_line, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.deploy.account.aws import Aws
    from local.deploy.account.bill import EnvironmentBill
    from local.deploy.account.compare import Planned
    from local.deploy.account.environment import Environment

Name = Annotated[
    str,
    typer.Argument(metavar="ENV", help="An environment: the name of a file in container/environments, or a TOML file."),
]
SHOWN_KINDS = 3
SMOKE_SECONDS = 30.0


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        help="Bring an environment up in an AWS account, look at it, and remove it. `plan` needs no account.",
        no_args_is_help=True,
    )
    for command in (plan, up, smoke, status, drift, down):
        group.command()(command)
    app.add_typer(group, name="deploy")


def plan(
    name: Name,
    work: Annotated[str, typer.Option("--work", help="The mix that the bill is for, such as qrcode=3,twitter=1.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Look at no account, also with credentials.")] = False,
    json: Json = False,
) -> None:
    """Show what `up` would make and change, and what it costs. Without credentials the account is taken as empty.

    Example: crossover deploy plan demo
    """
    from local.deploy.account import compare
    from local.deploy.account.environment import NO_ACCOUNT, find
    from local.deploy.account.wiring import plain_body

    environment = find(name)
    cloud = None
    if not offline and environment.heading.account != NO_ACCOUNT:
        try:
            cloud = _cloud(environment)
        except UserError as problem:
            stderr.print(f"{problem}; planned as if the account were empty", style="yellow", soft_wrap=True)
    with _aws_errors():
        planned = compare.offline(environment) if cloud is None else compare.online(cloud, environment, plain_body)
    bill = _bill(environment, work)
    if json:
        print_json(
            {"environment": environment.name, "stacks": [_row(stack) for stack in planned], "bill": _dollars(bill)}
        )
        return
    _show_plan(environment, planned, bill)


def up(
    name: Name,
    image: Annotated[
        str, typer.Option(help="An image by digest, in place of building and pushing this commit's.")
    ] = "",
    smoked: Annotated[bool, typer.Option("--smoke/--no-smoke", help="Smoke-test the platforms at the end.")] = True,
) -> None:
    """Make or upgrade every stack, push the image, install the release, and smoke it. Repeat it after an interruption.

    Example: crossover deploy up container/environments/demo.toml
    """
    from local.deploy.account.environment import find
    from local.deploy.account.up import bring_up
    from local.deploy.account.wiring import Wiring

    environment = find(name)
    cloud = _cloud(environment)
    with _aws_errors():
        wiring = Wiring(cloud, environment, _say, image)
        outputs = bring_up(cloud, environment, wiring.steps(), datetime.now(UTC), _say)
        console.print(f"{environment.name} is up", style="bold green")
        if smoked:
            _smoke(environment, outputs, wiring.installer)


def smoke(name: Name) -> None:
    """Smoke-test every platform of an environment that can be reached from here."""
    from local.deploy.account.environment import find
    from local.deploy.account.release import Installer

    environment = find(name)
    cloud = _cloud(environment)
    with _aws_errors():
        outputs: dict[str, str] = {}
        for state in cloud.stacks():
            if state.belongs_to(environment.name):
                outputs |= state.outputs
        _smoke(environment, outputs, Installer(cloud.session, environment, _say))


def status(name: Name, json: Json = False) -> None:
    """List the environment's stacks with their state, expiry and outputs."""
    from local.deploy.account.environment import find
    from local.deploy.account.stacks import EXPIRES, stack_name, stacks

    environment = find(name)
    cloud = _cloud(environment)
    with _aws_errors():
        states = [(stack.kind, cloud.stack(stack_name(environment.name, stack.kind))) for stack in stacks(environment)]
    if json:
        rows = {
            kind: {"status": state.status, "expires": state.tags.get(EXPIRES), "outputs": dict(state.outputs)}
            if state
            else None
            for kind, state in states
        }
        print_json({"environment": environment.name, "stacks": rows})
    else:
        table = LiteralTable("stack", "status", "expires", "outputs", box=None)
        for kind, state in states:
            shown = ("not there", "", "") if state is None else (state.status, state.tags.get(EXPIRES, ""), "")
            outputs = "" if state is None else "\n".join(f"{key} {value}" for key, value in state.outputs.items())
            table.add_row(kind, *shown[:2], outputs)
        console.print(table)
    if not all(state is not None and state.serves for _, state in states):
        raise typer.Exit(1)


def drift(name: Name, json: Json = False) -> None:
    """Compare what runs with the repository, and with what its stacks made; exit status 1 where something differs."""
    from local.deploy.account import compare
    from local.deploy.account.environment import find
    from local.deploy.account.wiring import Wiring

    environment = find(name)
    cloud = _cloud(environment)
    with _aws_errors():
        body = Wiring(cloud, environment, _say).body
        differences = list(compare.drift(cloud, environment, body))
    if json:
        print_json({"environment": environment.name, "differences": differences})
    else:
        for line in differences or [f"{environment.name}: nothing differs"]:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if differences:
        raise typer.Exit(1)


def down(
    name: Annotated[str, typer.Argument(metavar="[ENV]", help="The environment; none with --expired.")] = "",
    expired: Annotated[
        bool, typer.Option("--expired", help="Remove every environment of the account whose time is over.")
    ] = False,
    region: Annotated[str, typer.Option(help="With --expired: the region to look at.")] = "us-east-1",
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Remove everything that an environment made, and check that nothing is left; exit status 1 where something is.

    Example: crossover deploy down demo --yes
    """
    from local.deploy.account import down as removal
    from local.deploy.account.aws import Aws
    from local.deploy.account.environment import find

    if bool(name) == expired:
        raise UserError("give an environment, or --expired")
    if expired:
        cloud = Aws(region)
        cloud.account()
        with _aws_errors():
            names = removal.expired(list(cloud.stacks()), datetime.now(UTC))
        if not names:
            console.print("no environment's time is over")
        failed = [past for past in names if not _removes(cloud, past, yes)]
        if failed:
            raise typer.Exit(1)
        return
    environment = find(name)
    cloud = _cloud(environment)
    _remove(cloud, environment.name, yes)


def _removes(cloud: Aws, name: str, yes: bool) -> bool:
    """Remove one of several environments; say what went wrong, so that the others are removed all the same."""
    try:
        _remove(cloud, name, yes)
    except UserError as problem:
        error_line(f"{name}: {problem}")
        return False
    except typer.Exit:
        return False
    return True


def _remove(cloud: Aws, name: str, yes: bool) -> None:
    from local.deploy.account.down import take_down
    from local.deploy.account.release import uninstall

    if not yes and not typer.confirm(f"Remove everything of {name}, its database too?"):
        raise typer.Exit(1)
    with _aws_errors():
        left = take_down(cloud, name, _say, partial(uninstall, cloud.session, name, _say))
    for line in left:
        console.print(f"left: {line}", style="red", highlight=False, markup=False, soft_wrap=True)
    if left:
        raise typer.Exit(1)
    console.print(f"{name}: nothing is left", style="bold green")


def _cloud(environment: Environment) -> Aws:
    """Return the environment's account. Raises `UserError` without its credentials."""
    from local.deploy.account.aws import Aws
    from local.deploy.account.up import check_account

    with _aws_errors():
        cloud = Aws(environment.heading.region)
        check_account(cloud, environment)
    return cloud


@contextmanager
def _aws_errors() -> Iterator[None]:
    """Report what AWS, docker or a build refuses as one line."""
    from botocore.exceptions import BotoCoreError, ClientError

    from local.deploy.docker import EngineError
    from local.emulator.artifacts import BuildError

    try:
        yield
    except (BotoCoreError, ClientError, EngineError, BuildError) as problem:
        raise UserError(" ".join(str(problem).split())) from None


def _bill(environment: Environment, work: str) -> EnvironmentBill:
    from fractions import Fraction

    from local.cli.cost_options import user_errors, weights
    from local.cost import files
    from local.deploy.account.bill import priced

    mix = weights(work) if work else dict.fromkeys(("qrcode", "blockchain", "twitter"), Fraction(1))
    with user_errors():
        return priced(environment, files.mix(mix), files.price_book())


def _row(planned: Planned) -> dict[str, Any]:
    changes = [
        {"action": change.action, "resource": change.resource, "type": change.kind, "replaces": change.replaces}
        for change in planned.changes
    ]
    return {"stack": planned.name, "action": planned.action, "changes": changes}


def _dollars(bill: EnvironmentBill) -> dict[str, Any]:
    parts = {
        name: {"hour": float(entry.hour), "items": {item.name: float(item.month / entry.hours) for item in entry.items}}
        for name, entry in bill.bills.items()
    }
    return {"hour": float(bill.hour), "month": float(bill.month), "parts": parts, "left_out": list(bill.left_out)}


def _show_plan(environment: Environment, planned: list[Planned], bill: EnvironmentBill) -> None:
    from local.cost.exact import dollars, plain

    heading, load = environment.heading, environment.load
    about = f": {heading.about}" if heading.about else ""
    console.print(f"{environment.name}{about}", style="bold", highlight=False, markup=False)
    console.print(f"account {heading.account}, {heading.region}, {', '.join(environment.platforms)}", highlight=False)
    table = LiteralTable("stack", "action", "resources", "among them", box=None)
    for stack in planned:
        kinds: dict[str, int] = {}
        for change in stack.changes:
            kind = change.kind.removeprefix("AWS::").replace("::", " ")
            kinds[f"{change.action} {kind}" if stack.action == "change" else kind] = 1
        shown = ", ".join(list(kinds)[:SHOWN_KINDS]) + (", ..." if len(kinds) > SHOWN_KINDS else "")
        table.add_row(stack.name, stack.action, str(len(stack.changes)), shown)
    console.print(table)
    prices = "" if bill.region == heading.region else f", at the prices of {bill.region}"
    console.print(f"\nBill at {plain(load.rate)} requests/s on each platform{prices}", style="bold", highlight=False)
    money = LiteralTable("part", "$/hour", f"$ for {plain(load.hours)} hours", "most of it", box=None)
    for name, part in bill.bills.items():
        most = sorted(part.items, key=lambda item: -item.month)[:SHOWN_KINDS]
        shown = ", ".join(f"{item.name} {dollars(item.month / part.hours)}" for item in most)
        money.add_row(name, dollars(part.hour), dollars(part.month, 2), shown)
    money.add_row("total", dollars(bill.hour), dollars(bill.month, 2), "", style="bold")
    console.print(money)
    for line in bill.left_out:
        console.print(f"not in it: {line}", highlight=False, markup=False, soft_wrap=True)
    hours = f"{plain(heading.hours)} hours after the last `up`" if heading.hours else "never"
    console.print(f"may be removed: {hours} (`crossover deploy down --expired`)", highlight=False, soft_wrap=True)


def _smoke(environment: Environment, outputs: dict[str, str], installer: Any) -> None:
    import asyncio

    from local.deploy.account.wiring import addresses, services
    from local.load.smoke.client import ask_all
    from local.load.smoke.selection import chosen_cases

    wrong = 0
    for platform, address in addresses(environment, outputs, installer).items():
        if platform != "lambda" and not environment.heading.public:
            console.print(f"{platform}: internal; from inside the network: crossover smoke {address} --functions-only")
            continue
        cases = chosen_cases(services(environment), functions_only=True)
        outcomes = asyncio.run(ask_all(address, cases, SMOKE_SECONDS))
        bad = [outcome for outcome in outcomes if not outcome.good]
        wrong += len(bad)
        console.print(f"{platform}: {len(outcomes) - len(bad)} of {len(outcomes)} right, {address}", highlight=False)
        for outcome in bad:
            console.print(f"  {outcome.case.asked}: {outcome.verdict} {outcome.problem}", markup=False, soft_wrap=True)
    if wrong:
        raise typer.Exit(1)


def _say(line: str) -> None:
    stderr.print(f"{datetime.now(UTC):%H:%M:%S} {line}", highlight=False, markup=False, soft_wrap=True)
