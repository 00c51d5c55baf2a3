"""The documents' tables: verbs, commands, settings and options, the kept comparison, and those of the cost model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import ModuleType

from typer.core import TyperGroup

from container.metrics import families
from container.settings import ContainerSettings
from crossover.lambda_entry import LambdaSettings
from crossover.settings import documented
from crossover.stores import cache_port
from crossover_dynamodb import target as dynamodb_target
from crossover_mysql import target
from functions.registry import load
from local.cli import command_group
from local.docs import cost
from local.docs.cli import command_reference
from local.docs.comparison import compared, decision
from local.docs.simulation import claims_table, rules_table, validation_table
from local.emulator.rds_proxy.rules import rules
from local.formatting import markdown, number
from local.measure import results
from local.measure.experiments import tables as experiments
from local.measure.experiments.result import ClientsResult, StorageResult, decode
from local.paths import ROOT

README = ROOT / "README.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").rglob("*.md")))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verbs() -> str:
    """Return the Makefile's verbs, as `make help` lists them."""
    verbs = re.findall(r"^([a-z-]+):.*## (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return _table(("verb", "what it does"), ((f"`make {name}`", meaning) for name, meaning in verbs))


def commands() -> str:
    """Return the tool's commands with the first sentence of their help."""
    rows = []

    def walk(group: TyperGroup, prefix: str) -> None:
        for name, command in group.commands.items():
            if not isinstance(command, TyperGroup) or command.invoke_without_command:
                rows.append((f"`crossover {prefix}{name}`", _first_sentence(command.help or "")))
            if isinstance(command, TyperGroup):
                walk(command, f"{prefix}{name} ")

    walk(command_group(), "")
    return _table(("command", "what it does"), rows)


def settings() -> str:
    """Every setting of the container, of the functions and of the services on both."""
    shared = set(documented(LambdaSettings)) & set(documented(ContainerSettings))
    rows = []
    for where, group in (("container", ContainerSettings), ("Lambda", LambdaSettings)):
        for setting in documented(group):
            if setting in shared and where == "Lambda":
                continue
            place = "both" if setting in shared else where
            rows.append(
                (f"`{setting.name}`", place, f"`{setting.default}`" if setting.default else "", setting.meaning)
            )
    for service in load():
        for setting in documented(service.settings) if service.settings else ():
            rows.append((f"`{setting.name}`", "both", f"`{setting.default}`", setting.meaning))
    return _table(("setting", "where", "default", "meaning"), rows)


def mysql_options() -> str:
    """Return the options of a MySQL store's URL."""
    return _options(target)


def dynamodb_options() -> str:
    """Return the options of a DynamoDB store's URL."""
    return _options(dynamodb_target)


def cache_options() -> str:
    """Return the options of a store's URL that name its cache."""
    return _options(cache_port)


def _options(module: ModuleType) -> str:
    """Return the options of a store's URL, out of the table in their module's docstring."""
    lines = [line for line in (module.__doc__ or "").splitlines() if line.startswith("|")]
    head, _, *rows = (tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines)
    return _table(head, ((f"`{name.replace(', ', '`, `')}`", *rest) for name, *rest in rows))


def dynamodb_clients() -> str:
    """Return the kept comparison of DynamoDB's clients."""
    path = results.REFERENCE_RESULTS / "dynamodb-clients.json"
    clients = decode(results.read(path, "dynamodb-clients"), ClientsResult).clients
    rows = (
        (client.client, *map(number, (client.start_ms, client.read_us, client.resident_mb, client.installed_mb)))
        for client in clients
    )
    head = ("client", "start, ms of CPU", "a read, us of CPU", "resident MB", "installed MB")
    return markdown(head, rows, right=1)


def storage_figures() -> str:
    """Return the kept comparison of the stores."""
    result = _storage()
    head = ("store", "cache", *experiments.STORE_COLUMNS)
    return markdown(head, experiments.store_rows(result), right=2)


def storage_costs() -> str:
    """Return what the storage tiers cost, for what the kept comparison's requests read."""
    result = _storage()
    head = ("storage tier, $ an hour at requests/s", *(f"{rate:,}" for rate in result.rates))
    rows = [tuple(cell.replace("*", "\\*") for cell in row) for row in experiments.tier_rows(result)]
    return "\n".join(
        [markdown(head, rows, right=1), "", *(f"- {line}" for line in experiments.storage_sentences(result))]
    )


def _storage() -> StorageResult:
    return decode(results.read(results.REFERENCE_RESULTS / "storage.json", "storage"), StorageResult)


def metrics() -> str:
    """Return the metrics of the container, and what stands in their place on Lambda."""
    rows = (
        (f"`{family.shown}`", family.kind, ", ".join(family.labels), family.meaning.rstrip("."), family.on_lambda)
        for family in families.FAMILIES
    )
    return _table(("metric", "kind", "labels", "meaning", "on Lambda"), rows)


def proxy_rules() -> str:
    """Return the behaviour of the emulated RDS Proxy, row by row with its source and its test."""
    rows = (
        (rule.behaviour, rule.basis, f"{rule.says}. {rule.source}", f"`{rule.test.partition('::')[2]}`")
        for rule in rules().values()
    )
    return _table(("behaviour", "basis", "what the source says", "test"), rows)


def cluster() -> str:
    """Return what was done to a release in a real cluster, and what was lost: the kept run of `make test-cluster`."""
    path = results.REFERENCE_RESULTS / "cluster.json"
    if not path.exists():
        return "No run is kept yet: `make test-cluster` leaves one in `report/results/cluster.json`."
    kept = results.read(path, "cluster")
    rows = [(row["done"], f"{row['asked']:,}", f"{row['lost']:,}", row["seen"]) for row in kept.data["rows"]]
    return f"{_table(('what was done', 'requests', 'lost', 'seen'), rows)}\n\n`make test-cluster`, {kept.at[:10]}."


TABLES: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "commands": commands,
    "command-reference": command_reference,
    "settings": settings,
    "mysql-options": mysql_options,
    "dynamodb-options": dynamodb_options,
    "dynamodb-clients": dynamodb_clients,
    "cache-options": cache_options,
    "storage-figures": storage_figures,
    "storage-costs": storage_costs,
    "metrics": metrics,
    "rds-proxy-rules": proxy_rules,
    "simulate-rules": rules_table,
    "simulate-claims": claims_table,
    "simulate-validation": validation_table,
    "cluster": cluster,
    "compare": compared,
    "decision": decision,
    **{f"cost-{name}": make for name, make in cost.DOCUMENTED.items()},
}


def renewed(text: str) -> str:
    """Return a document with its generated tables renewed: those between `<!-- NAME -->` and `<!-- /NAME -->`."""
    return re.sub(
        r"<!-- ([a-z-]+) -->\n.*?<!-- /\1 -->",
        lambda found: f"<!-- {found[1]} -->\n{TABLES[found[1]]()}\n<!-- /{found[1]} -->",
        text,
        flags=re.DOTALL,
    )


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".;")
