"""What the commands that price share: options, exact numbers and the errors of the cost model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.digits import ungrouped
from local.errors import UserError

if TYPE_CHECKING:
    from fractions import Fraction

    from local.cost.configuration import Configuration
    from local.cost.workload import Mix

REPORT_MIX = "blockchain=24713,qrcode=27691,twitter=4366"
"""Requests/s of the report's mixed live test."""
MANY = 4
"""From so many lines on they are gathered into one."""
_NO_PRICE = r"(?P<name>.+?): no price in (?P<region>\S+) of (?P<prices>[^;]+); (?P<remedy>.+)"

Work = Annotated[
    str | None,
    typer.Option(
        "--work",
        help="A workload (name or file), a mix such as qrcode=3,twitter=1, or a compare.json. "
        "Default: the measured one of the application in this folder, or else the configuration's.",
    ),
]
Book = Annotated[
    Path | None,
    typer.Option(
        "--book", help="A price book in place of the shipped one: a folder of REGION.toml files, or one file."
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="AWS region, such as eu-west-1, whose prices are taken. Default: the configuration's, us-east-1.",
    ),
]
Hours = Annotated[str, typer.Option("--hours", help="Hours of a month for which it runs at this rate.")]
Duty = Annotated[str, typer.Option("--duty", help="Share of those hours with load; fleets stand ready in all of them.")]


@contextmanager
def user_errors() -> Iterator[None]:
    """Raise what the cost model refuses as an error of the command line."""
    from local.cost.errors import CostError

    try:
        yield
    except CostError as problem:
        raise UserError(str(problem)) from None


def check_region(region: str | None) -> None:
    """Refuse a region of which the shipped price book has no prices, before anything is measured or drawn."""
    from local.cost import files

    if region is not None and region not in (known := files.price_book()).regions:
        raise UserError(f"--region: no prices of {region}; {known.remedy(region)}")


def say_left_out(lines: Iterable[str]) -> None:
    """Say what a comparison goes without: a line each, on standard error; many without prices in one line."""
    from local.console import stderr

    for line in _gathered(list(dict.fromkeys(lines))):
        stderr.print(f"Left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _gathered(lines: list[str]) -> list[str]:
    """Return the lines; where many want prices of one region, one line with all those prices in their place."""
    wanting = {line: match for line in lines if (match := re.fullmatch(_NO_PRICE, line))}
    if len(wanting) < MANY:
        return lines
    prices = dict.fromkeys(price for match in wanting.values() for price in match["prices"].split(", "))
    names = list(dict.fromkeys(match["name"].partition(" + ")[0] for match in wanting.values()))
    region, remedy = (next(iter(wanting.values()))[key] for key in ("region", "remedy"))
    gathered = f"{', '.join(names)}: no price in {region} of {', '.join(prices)}; {remedy}"
    return [*(line for line in lines if line not in wanting), gathered]


def mix_of(work: str | None, configuration: Configuration) -> Mix:
    """Return the workload that was asked for, or else that of the folder's application, or the configuration's."""
    from local.cost import files

    work = work or measured_here()
    if work is None:
        if not configuration.workload:
            raise UserError(
                f"say for which workload with --work; known are {', '.join(files.shipped(files.WORKLOADS))}"
            )
        return files.mix(configuration.workload)
    return work_of(work)


def work_of(text: str) -> Mix:
    """Return the mix that an option names: workloads or their files by weight, or a comparison's result.

    `compare.json` has the mix that was measured, `compare.json:qrcode=3,twitter=1` another one of its services.
    """
    from local.cost import files

    stem, suffix, rest = text.partition(".json")
    if suffix and (not rest or rest.startswith(":")):
        from local.measure.comparison.workloads import mix_in

        return mix_in(Path(stem + suffix), weights(rest[1:]) if rest else {})
    return files.mix(weights(text))


def measured_here() -> str | None:
    """Return the file with the measured workload of this folder's application; None where the folder has none.

    Raises:
        UserError: where the application was not compared yet.
    """
    from local.console import stderr
    from local.guest.application import Guest
    from local.guest.project_file import NAME, read

    project = read(Path.cwd())
    if project is None:
        return None
    path = Path("report", "works", f"{Guest(project.app, Path.cwd()).name}.toml")
    if not path.is_file():
        raise UserError(f"{NAME} names {project.app}, which is not measured: run crossover compare, or give --work")
    stderr.print(f"For the workload in {path}.", highlight=False, markup=False, soft_wrap=True)
    return str(path)


def weights(text: str, option: str = "--work") -> dict[str, Fraction]:
    """Return the numbers of a list such as `qrcode=3,twitter=1`; 1 where a name has none."""
    found: dict[str, Fraction] = {}
    parts = [text] if text.endswith(".toml") and Path(text).is_file() else text.split(",")
    for part in parts:
        name, _, weight = part.strip().partition("=")
        if name in found:
            raise UserError(f"{option}: {name} is given twice")
        found[name] = number(weight or "1", option)
    return found


def number(text: str, option: str) -> Fraction:
    """Return an exact number that is not negative, as decimals write it."""
    from local.cost.exact import exact

    try:
        return exact(ungrouped(text))
    except ValueError as problem:
        raise UserError(f"{option}: {problem}") from None
