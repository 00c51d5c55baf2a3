"""`crossover blockchain`: requests made with their verdict, and verdicts explained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError

if TYPE_CHECKING:
    from local.workloads.blockchain.draft import Span

MAX_SPAN = 200
"""Blocks, and transactions of a block: a request of fewer is too long for the service already."""
MAX_INPUT_BYTES = 1_000_000
"""Bytes read from standard input."""
SPAN = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
TARGET = re.compile(r"[0-9a-f]{1,64}")


def add_to(app: typer.Typer) -> None:
    """Register `crossover blockchain make` and `crossover blockchain explain`."""
    group = typer.Typer(help="Make requests of the blockchain service, and look into them.", no_args_is_help=True)
    group.command()(make)
    group.command()(explain)

    @group.callback()
    def blockchain() -> None:
        """Keep it a group."""

    app.add_typer(group, name="blockchain")


def make(
    blocks: Annotated[str, typer.Option(help="Blocks of a chain: N or LOW-HIGH; with a fault 2 or more.")] = "2-4",
    transactions: Annotated[
        str, typer.Option(help="Payments of a block: N or LOW-HIGH; with a fault 1 or more.")
    ] = "1-2",
    new: Annotated[str, typer.Option(help="New transactions: N or LOW-HIGH; with a fault 2 more.")] = "0-4",
    target: Annotated[
        str | None, typer.Option(help="Target of the block to be mined, in hex: 007.", show_default="k/256, k 6 to 16")
    ] = None,
    fault: Annotated[
        str,
        typer.Option(
            help="A kind of fault in each request, none, any (but the costly proof-of-work-too-hard), or help."
        ),
    ] = "none",
    seed: Annotated[int, typer.Option(help="Which requests.")] = 1,
    count: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many requests.")] = 1,
    as_json: Json = False,
) -> None:
    """Write requests with their right verdict, valid or each with one fault: JSON, one request a line."""
    import json
    from itertools import islice

    from local.workloads.blockchain.draft import Shape
    from local.workloads.blockchain.faults import FAULTS
    from local.workloads.blockchain.making import ANY, NONE, TooLarge, made

    if fault == "help":
        return _list_faults(as_json)
    if fault not in (ANY, NONE, *FAULTS):
        raise UserError(f"--fault takes {NONE}, {ANY} or a kind of fault, not {fault!r}; --fault help lists the kinds")
    if target is not None and not TARGET.fullmatch(target):
        raise UserError("--target takes 1 to 64 lower-case hex digits: 007")
    shape = Shape(_span(blocks, "blocks", 1), _span(transactions, "transactions"), _span(new, "new"), target)
    try:
        for request in islice(made(seed, shape, fault), count):
            typer.echo(json.dumps(request.line()))
    except TooLarge as problem:
        raise UserError(f"{problem}; ask for fewer blocks or transactions") from None


def explain(
    cc: Annotated[
        str,
        typer.Argument(
            metavar="CC",
            help="A request's cc, cc=... as a URL has it, or a line of `make`; - reads it from standard input.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Take a request apart: its chain, every rule with its verdict, the balances, and the block that is mined."""
    import sys
    from urllib.parse import unquote

    from local.workloads.blockchain.explaining import draw, explanation_of

    if cc == "-":
        # Whatever the bytes are, they are judged and no trouble of the terminal's.
        cc = sys.stdin.buffer.read(MAX_INPUT_BYTES).decode("latin-1")
    cc = cc.strip()
    if cc.startswith("{"):
        cc = _cc_of_line(cc)
    if cc.startswith("cc="):
        # A query string, as the page's curl line has it.
        cc = unquote(cc.removeprefix("cc="), "latin-1")
    data = explanation_of(cc)
    if as_json:
        return print_json(data)
    for part in draw(data):
        console.print(part, highlight=False)
    return None


def _cc_of_line(text: str) -> str:
    """Return the cc of the first line that `crossover blockchain make` has written. Raises `UserError`."""
    import json

    line = text.split("\n", 1)[0]
    try:
        cc = json.loads(line)["cc"]
    except (ValueError, KeyError, TypeError, RecursionError):
        cc = None
    if not isinstance(cc, str):
        raise UserError('a line of JSON needs a text "cc", as `crossover blockchain make` writes it')
    return cc


def _span(text: str, name: str, least: int = 0) -> Span:
    from local.workloads.blockchain.draft import Span

    match = SPAN.fullmatch(text)
    low = int(match[1]) if match else -1
    high = int(match[2]) if match and match[2] else low
    if not least <= low <= high <= MAX_SPAN:
        raise UserError(f"--{name} takes a number from {least} to {MAX_SPAN}, or two: 2-4")
    return Span(low, high)


def _list_faults(as_json: bool) -> None:
    from rich.columns import Columns

    from local.workloads.blockchain.faults import FAULTS

    by_reason: dict[str, list[str]] = {}
    for fault in FAULTS.values():
        by_reason.setdefault(fault.code, []).append(fault.name)
    if as_json:
        return print_json(by_reason)
    for reason, names in by_reason.items():
        console.print(f"[bold]{reason}[/bold]", highlight=False)
        console.print(Columns(names, padding=(0, 2)), highlight=False)
    return None
