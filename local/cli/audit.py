"""The command `audit`: a bill as it was printed, line by line beside the price list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.cli.cost_options import Book, Region, number, user_errors
from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("audit")(audit)


def audit(
    file: Annotated[str | None, typer.Argument(help="An audit: a shipped name, or a TOML file.")] = None,
    rate: Annotated[str | None, typer.Option(help="Requests/s in place of the file's.")] = None,
    region: Region = None,
    example: Annotated[bool, typer.Option("--example", help="Print an audit file to start from.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a line that cannot be checked.")] = False,
    from_cur: Annotated[
        list[Path] | None,
        typer.Option(
            "--from-cur",
            metavar="FILE",
            help="A bill as AWS exports it: a Cost and Usage Report, a monthly bill's CSV, or a Cost Explorer CSV by "
            "usage type; CSV, gzip, zip, Parquet, or a folder of them. Repeatable.",
        ),
    ] = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Check a bill that was printed or computed, line by line, against the price list.

    Begin with: crossover audit --example > bill.toml

    Or with what AWS exports: crossover audit --from-cur report.csv.gz
    """
    from local.cost import audit_tables, files, tables, views
    from local.cost.audit_file import EXAMPLE, audit_file, in_region, run

    if example:
        print(EXAMPLE.read_text(), end="")  # noqa: T201
        return
    if from_cur:
        if file is not None or rate is not None or region is not None:
            raise UserError("--from-cur reads its own usage and regions; leave out the audit file, --rate and --region")
        _exported(from_cur, book, json=json, strict=strict)
        return
    if file is None:
        raise UserError("name an audit file; crossover audit --example prints one to start from")
    with user_errors():
        audited = in_region(audit_file(file), region)
        at = None if rate is None else number(rate, "--rate")
        result = run(audited, files.price_book(book), at, strict=strict)
    if json:
        print_json(views.audit(result, assumed=audited.mix is not None and audited.mix.assumed))
    else:
        tables.show(console, audit_tables.table(result))


def _exported(paths: list[Path], book: Path | None, *, json: bool, strict: bool) -> None:
    """Show a bill that AWS exported beside the price book."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from local.cost import files, tables
    from local.cost.cur import views
    from local.cost.cur.comparison import Ledger
    from local.cost.cur.reading import files_of, read

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with user_errors(), Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        ledger, known = Ledger(), files.price_book(book)
        for path in files_of(paths):
            task = progress.add_task(path.name, total=path.stat().st_size if path.is_file() else None)
            ledger.add(read(path, lambda done, task=task: progress.update(task, completed=done)))  # type: ignore[misc]
        comparison = ledger.compare(known)
        if strict and comparison.unchecked:
            first = comparison.unchecked[0]
            raise UserError(
                f"{len(comparison.unchecked)} lines cannot be checked; the first is {first.name}: {first.remark}"
            )
    if json:
        print_json(views.as_json(comparison))
    else:
        tables.show(console, views.table(comparison))
