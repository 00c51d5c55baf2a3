"""The parts of the documents made from the price book and the model: help, schemas, prices, audit, crossings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING
from fractions import Fraction
from importlib import import_module

from local.cost import files
from local.cost.audit_file import KEYS, audit_file, run
from local.cost.audit_tables import sentences
from local.cost.claim_tables import CLAIM_KEYS, OTHER_KEYS
from local.cost.configuration import DEFAULT_REGION, RESOURCES, ConfigurationHeading, in_region
from local.cost.crossings import crossings
from local.cost.errors import NoPrice
from local.cost.exact import dollars, plain
from local.cost.formulas import known
from local.cost.instances import split
from local.cost.lines import line_of
from local.cost.meanings import MEANINGS
from local.cost.model import price_all
from local.cost.price_book import ALL
from local.cost.schema import settings
from local.cost.workload import ServiceWork

SERVICES = ("blockchain", "qrcode", "twitter")
COMPARED_CONFIGURATIONS = ("lambda-url", "ecs-fargate", "eks-fargate", "eks-nodes", "web-7-c8g-large")
TOP_RATE = Fraction(2000)
DIGITS = 5
BUDGET = Fraction(128, 100)
"""Dollars an hour that the report was allowed."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (head, rule, *rows)
    )


def commands() -> str:
    """Return every command of this purpose with its options."""
    import typer

    from local.cli import PANELS

    app = typer.Typer()
    for name in PANELS["Price"]:
        import_module(f"local.cli.{name}").add_to(app)
    group = typer.main.get_command(app)
    rows = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        nested = getattr(command, "commands", {})
        for words, one in [(name, command), *((f"{name} {inner}", two) for inner, two in nested.items())]:
            rows.append((f"`crossover {words}`", "", " ".join(one.help.split())))
            options = [option for option in one.params if getattr(option, "help", "")]
            rows += [("", f"`{_option(option)}`", " ".join(option.help.split())) for option in options]
    return _table(("command", "argument or option", "what it does"), rows)


def _option(option: object) -> str:
    opts = getattr(option, "opts", [])
    if opts and opts[0].startswith("-"):
        return str(opts[0])
    return getattr(option, "metavar", None) or str(getattr(option, "name", "")).upper()


def items() -> str:
    """Return every item that a bill can have."""
    return _table(("item", "what it is"), ((f"`{name}`", meaning) for name, meaning in MEANINGS.items()))


def schema() -> str:
    """Return what a configuration file may say."""
    blocks = [f"Above the tables:\n\n{_settings(ConfigurationHeading)}"]
    blocks += [f"`[{name}]`:\n\n{_settings(part)}" for name, part in RESOURCES.items()]
    return "\n\n".join(blocks)


def workload_schema() -> str:
    """Return what a workload file may say."""
    return _settings(ServiceWork)


def _settings(cls: type) -> str:
    rows = [
        (f"`{key}`", setting.describe(), _default(default), setting.help)
        for key, (setting, default) in settings(cls).items()
    ]
    return _table(("key", "holds", "default", "meaning"), rows)


def _default(default: object) -> str:
    if default is MISSING:
        return "must be given"
    if isinstance(default, bool):
        return "true" if default else "false"
    return plain(Fraction(default)) if isinstance(default, int | Fraction) else str(default or "none")


def shipped() -> str:
    """Return the configurations that come with the project."""
    configurations = [(name, files.configuration(name)) for name in files.shipped(files.CONFIGURATIONS)]
    rows = [(f"`{name}`", one.heading.about, one.heading.source) for name, one in configurations]
    return _table(("configuration", "what it is", "source"), rows)


def prices() -> str:
    """Return the prices of us-east-1, those of instance types in one cell for each list, and what holds everywhere."""
    lists: dict[tuple[str, ...], list[str]] = {}
    for row in (row for region in (ALL, DEFAULT_REGION) for row in files.price_book().of_region(region)):
        sized = split(row.dimension) is not None
        key = (row.service, "" if sized else row.dimension, row.read, row.certainty, row.source)
        lists.setdefault(key, []).append(f"{row.dimension} {plain(row.single)}" if sized else f"{row.published()}")
    rows = [
        (service, dimension or "an hour of", ", ".join(shown), read, certainty, source)
        for (service, dimension, read, certainty, source), shown in lists.items()
    ]
    return _table(("service", "dimension", "price in dollars", "read", "certainty", "source"), rows)


def regions() -> str:
    """Return how many prices each region has, and what cannot be priced there."""
    book = files.price_book()
    shipped = {name: files.configuration(name) for name in files.shipped(files.CONFIGURATIONS)}
    mix = files.mix({SERVICES[1]: Fraction(1)})
    rows = []
    for region in book.regions:
        found, refused = book.of_region(region), []
        for name, one in shipped.items():
            try:
                price_all(in_region(one, region), mix, book)
            except NoPrice:
                refused.append(f"`{name}`")
        firm = sum(row.certainty == "firm" for row in found)
        oldest, newest = min(row.read for row in found), max(row.read for row in found if row.read != "unknown")
        rows.append((region, str(len(found)), str(firm), f"{oldest} to {newest}", ", ".join(refused) or "none"))
    head = ("region", "prices", "firm", "read", "shipped configurations that lack prices there")
    return _table(head, rows, right=(1, 2))


def report_audit() -> str:
    """Return the audit of the report's bill as one table."""
    result = run(audit_file("report"), files.price_book())
    rows = []
    for finding in result.findings:
        computed = "; ".join(
            f"{item.arithmetic} a month; "
            + "; ".join(f"{row.name}, {row.published()}, read {row.read}" for row in item.rows)
            for item in finding.billed
        )
        claimed = finding.claim.arithmetic if finding.claim else "-"
        verdict = finding.verdict + (f": {finding.remark}" if finding.claim and finding.remark else "")
        amounts = (dollars(finding.true or Fraction(0)), dollars(finding.difference or Fraction(0)))
        rows.append((finding.item, claimed, *amounts, verdict, computed))
    rows.append(
        ("**total**", plain(result.claimed), dollars(result.true), dollars(result.true - result.claimed), "", "")
    )
    for who, hour in result.readings:
        rows.append((f"**with {who}**", "", dollars(hour), dollars(hour - result.claimed), "", ""))
    head = ("item", "claimed $/h", "true $/h", "difference", "verdict", "computed from")
    return f"{_table(head, rows, right=(1, 2, 3))}\n\n{' '.join(sentences(result)).strip()}"


def audit_keys() -> str:
    """Return what an audit file may say."""
    above = _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in KEYS.items()))
    claim = _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in CLAIM_KEYS.items()))
    other = _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in OTHER_KEYS.items()))
    return f"Above the tables:\n\n{above}\n\n`[[claim]]`:\n\n{claim}\n\n`[[other]]`:\n\n{other}"


def service_crossings() -> str:
    """Return where Lambda's line crosses those of the other platforms, for each service at its assumed workload."""
    book = files.price_book()
    rows = []
    for service in SERVICES:
        mix = files.mix({service: Fraction(1)})
        first, *others = [line_of(files.configuration(name), mix, book, TOP_RATE) for name in COMPARED_CONFIGURATIONS]
        cells = []
        for other in others:
            points = crossings(first, other)
            cells.append("; ".join(f"{plain(one.rate, DIGITS)} ({dollars(one.cost, 3)}/h)" for one in points) or "none")
        cpu = f"{plain(known(mix.cpu_ms), 4)} ms"
        rows.append((service, f"{cpu} ({'assumed' if mix.assumed else 'measured'})", *cells))
    names = [files.configuration(name).name for name in COMPARED_CONFIGURATIONS]
    head = ("service", "CPU a request", *names[1:])
    until = f"looking up to {plain(TOP_RATE)} requests/s; several numbers: the lines cross several times"
    again = f"`crossover crossings {' '.join(COMPARED_CONFIGURATIONS)} --work {SERVICES[1]} --to {TOP_RATE}`"
    counted = (
        "Counted: load balancer capacity, public addresses of tasks and nodes, a NAT gateway and the pods of "
        "Kubernetes itself for EKS on Fargate, Lambda's own log lines, traffic to the Internet."
    )
    left_out = (
        "What was assumed of the workloads stands in `local/cost/workloads`; the storage tier is left out everywhere."
    )
    assumed = f"{counted} {left_out}"
    note = f"Requests/s from which each is cheaper than {names[0]}, {until}. {assumed} Computed as by {again}."
    return f"{_table(head, rows)}\n\n{note}"


def budget_plan() -> str:
    """Return what the report's budget would buy, a row for each web tier."""
    from local.cost.chosen import compare_chosen
    from local.cost.deployment_plan import Planner

    mix = files.mix({"blockchain": Fraction(24713), "qrcode": Fraction(27691), "twitter": Fraction(4366)})
    book = files.price_book()
    planner = Planner(mix, book)
    plans = planner.within(BUDGET)
    rows = [
        (
            plan.web.name,
            plan.storage.name if plan.storage else "none",
            plan.size,
            plain(plan.rate),
            plan.loses or plan.dearest,
        )
        for plan in plans
    ]
    head = ("web tier", "storage tier", "size", "requests/s", "most of the bill, or why it loses")
    budget = plain(BUDGET)
    chosen = compare_chosen(files.configuration("report-eks-nodes"), planner, plans[0].rate)
    note = (
        f"The best rate of the course project's mix for ${budget} an hour, as by `crossover plan --budget {budget}`: "
        "with a spare at the utilisation target, load balancer capacity, disks, addresses, and RDS Proxy where the "
        "connections need it, without traffic to the Internet. The CPU of a request is what the course project's Go "
        "services took, as its report measured; the size of an answer is assumed. What it bought, by the same rules: "
        f"{' '.join(chosen.sentences(BUDGET))} It counted $1.22, and left most of these items out of its bill."
    )
    return f"{_table(head, rows, right=(3,))}\n\n{note}"


DOCUMENTED: dict[str, Callable[[], str]] = {
    "commands": commands,
    "items": items,
    "schema": schema,
    "workload": workload_schema,
    "configurations": shipped,
    "prices": prices,
    "regions": regions,
    "audit": report_audit,
    "audit-keys": audit_keys,
    "crossings": service_crossings,
    "plan": budget_plan,
}
