"""What the page computes with, as plain JSON: bills as formulas, and the numbers that a reader may change.

Bills come from the cost model itself, with every number of a workload and of a configuration left open. They are sent
as one table of nodes that all bills share. A node is a number, the name of an input, or an operation: a list of its
name and the places of its arguments in the table; after a lookup's argument stands the name of its table.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.bill import BillSentence, CapacityLimit, Item, OpenBill, Quantity
from local.cost.configuration import Choice, Configuration
from local.cost.formulas import Amount, Formula, OpenTable, open_input
from local.cost.instances import FARGATE_SPEEDS, Speed, speed_of
from local.cost.model import Usage, open_bill
from local.cost.price_book import Price, PriceBook
from local.cost.resources.fargate import Fargate
from local.cost.resources.lambda_functions import ManagedInstances
from local.cost.resources.nodes import Nodes
from local.cost.resources.resource import Resource
from local.cost.schema import settings
from local.cost.workload import Mix, ServiceWork
from local.report.sources import Sources

SHARE = "share"
"""Of a service's inputs, the one that is its weight in the mix; of no field of a workload."""
FIXED_SETTINGS = {"fargate": ("vcpu", "memory_gb")}
"""Numbers of a resource that its formulas are built for; a reader cannot change them."""
USAGE = Usage(open_input("hours"), open_input("duty"), open_input("speed"))


def plain_json(value: Any) -> Any:
    """Return exact numbers as the nearest JSON numbers."""
    if isinstance(value, Fraction | Decimal):
        value = Fraction(value)
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain_json(part) for key, part in value.items()}
    return [plain_json(part) for part in value] if isinstance(value, list | tuple) else value


@dataclass
class FormulaTable:
    """The nodes of all formulas, each once."""

    nodes: list[Any] = field(default_factory=list)
    _places: dict[Any, int] = field(default_factory=dict)
    _seen: dict[int, tuple[Formula, int]] = field(default_factory=dict)

    def place(self, amount: Amount) -> int:
        """Return the place of an amount in the table, after adding what is missing."""
        if not isinstance(amount, Formula):
            return self._add(plain_json(Fraction(amount)))
        if id(amount) not in self._seen:
            places = [self.place(argument) for argument in amount.arguments]
            if amount.operation == "input":
                place = self._add(amount.name)
            else:
                place = self._add([amount.operation, *places, *([amount.name] if amount.name else [])])
            self._seen[id(amount)] = (amount, place)  # the formula too, so that its id is not used again
        return self._seen[id(amount)][1]

    def _add(self, node: Any) -> int:
        key = tuple(node) if isinstance(node, list) else node
        if key not in self._places:
            self._places[key] = len(self.nodes)
            self.nodes.append(node)
        return self._places[key]


@dataclass
class Bills:
    """Every distinct bill, as the page has it."""

    book: PriceBook
    sources: Sources
    mix: Mix
    table: FormulaTable = field(default_factory=FormulaTable)
    bills: list[Any] = field(default_factory=list)
    prices: list[Any] = field(default_factory=list)
    _bill_places: dict[str, int] = field(default_factory=dict)
    _price_places: dict[Price, int] = field(default_factory=dict)

    def configuration(self, key: str, configuration: Configuration) -> dict[str, Any]:
        """Return a configuration: its choices with their bills, and the settings that a reader may change."""
        choices: list[dict[str, Any]] = []
        for choice in configuration.choices:
            opened = Choice(choice.chosen, {name: _open(name, part) for name, part in choice.resources.items()})
            bill = self._bill(open_bill(configuration, opened, self.mix, self.book, USAGE))
            chosen = [list(pair) for pair in plain_json(choice.chosen)] if len(configuration.choices) > 1 else []
            choices.append({"bill": bill, "chosen": chosen, "inputs": inputs_of(choice), "speeds": speeds_of(choice)})
        heading = configuration.heading
        return {
            "key": key,
            "name": heading.name,
            "about": heading.about,
            "on_lambda": configuration.choices[0].on_lambda,
            "choices": choices,
            "settings": setting_fields(configuration),
        }

    def _bill(self, bill: OpenBill) -> int:
        plain = {
            "month": self.table.place(bill.month),
            "items": [self._item(item) for item in bill.items],
            "limits": [self._limit(limit) for limit in bill.limits],
        }
        key = json.dumps(plain)
        if key not in self._bill_places:
            self._bill_places[key] = len(self.bills)
            self.bills.append(plain)
        return self._bill_places[key]

    def _item(self, item: Item) -> dict[str, Any]:
        return {
            "name": item.name,
            "when": self.table.place(item.when),
            "cost": self.table.place(item.cost),
            "price": self._price(item.price),
            "free": plain_json(item.free),
            "factors": [self._quantity(factor) for factor in item.factors],
            "inputs": [self._quantity(quantity) for quantity in item.inputs],
        }

    def _quantity(self, quantity: Quantity) -> dict[str, Any]:
        return {
            "name": quantity.name,
            "amount": self.table.place(quantity.amount),
            **({"how": self._explanation(quantity.how)} if quantity.how else {}),
            **({"row": self._price(quantity.row)} if quantity.row else {}),
        }

    def _limit(self, limit: CapacityLimit) -> dict[str, Any]:
        return {
            "name": limit.name,
            "rate": self.table.place(limit.rate),
            "when": self.table.place(limit.when),
            "why": self._explanation(limit.why),
        }

    def _explanation(self, explanation: BillSentence) -> list[Any]:
        """Return the template's pieces, and between them texts or places of amounts."""
        return [
            explanation.template.split("{}"),
            [
                value
                if isinstance(value, str)
                else self.table.place(Fraction(value) if isinstance(value, int) else value)
                for value in explanation.values
            ],
        ]

    def _price(self, row: Price) -> int:
        if row not in self._price_places:
            self._price_places[row] = len(self.prices)
            plain = {"per": row.per, "tiers": [plain_json(tier.price) for tier in row.tiers]}
            self.prices.append({**plain, "note": self.sources.priced(row)})
        return self._price_places[row]


def open_mix(workloads: Mapping[str, ServiceWork]) -> Mix:
    """Return a mix of these services with every number of it open, the shares too."""
    return Mix.of([(_open_workload(workload), open_input(f"{name}.{SHARE}")) for name, workload in workloads.items()])


def _open_workload(workload: ServiceWork) -> ServiceWork:
    opened = {
        key: OpenTable(f"{workload.name}.{key}") if setting.kind == "map" else open_input(f"{workload.name}.{key}")
        for key, (setting, _) in settings(ServiceWork).items()
        if setting.kind in ("number", "whole", "map")
    }
    return replace(workload, **opened)  # type: ignore[arg-type]


def _numbers(name: str, resource: Resource) -> dict[str, Fraction]:
    """Return the settings of a resource that are numbers and can be left open."""
    fixed = FIXED_SETTINGS.get(name, ())
    values = {key: getattr(resource, key) for key in settings(type(resource)) if key not in fixed}
    return {key: value for key, value in values.items() if isinstance(value, Fraction)}


def _open(name: str, resource: Resource) -> Resource:
    """Return the resource with its numbers open; they were checked when it was read."""
    opened = copy.copy(resource)
    for key in _numbers(name, resource):
        object.__setattr__(opened, key, open_input(f"{name}.{key}"))
    return opened


def inputs_of(choice: Choice) -> dict[str, Any]:
    """Return the inputs of a choice's formulas with the numbers that it has for them."""
    return {
        f"{name}.{key}": plain_json(value)
        for name, resource in choice.resources.items()
        for key, value in _numbers(name, resource).items()
    }


def speeds_of(choice: Choice) -> dict[str, list[float]]:
    """Return the inputs that are a fleet's speed, with how much slower and faster its processor may be than taken."""
    inputs = {}
    for name, resource in choice.resources.items():
        speed = _speed(resource)
        if speed is not None and speed.low != speed.high:
            inputs[f"{name}.speed"] = plain_json([speed.low / speed.ratio, speed.high / speed.ratio])
    return inputs


def _speed(resource: Resource) -> Speed | None:
    if isinstance(resource, Nodes | ManagedInstances):
        return speed_of(resource.instance)
    return FARGATE_SPEEDS[resource.architecture] if isinstance(resource, Fargate) else None


def workloads(named: Mapping[str, ServiceWork]) -> dict[str, Any]:
    """Return the numbers of workloads, by service and field."""
    return {
        name: {field.name: plain_json(getattr(workload, field.name)) for field in fields(workload)}
        for name, workload in named.items()
    }


def _described(setting: Any) -> dict[str, Any]:
    return {"help": setting.help, "low": plain_json(setting.low), "high": plain_json(setting.high)}


def workload_fields() -> dict[str, dict[str, Any]]:
    """Return what a number of a workload means and between what it may lie, for the fields that hold one."""
    return {
        name: _described(setting)
        for name, (setting, _) in settings(ServiceWork).items()
        if setting.kind in ("number", "whole")
    }


def setting_fields(configuration: Configuration) -> dict[str, dict[str, Any]]:
    """Return the numbers of a configuration that a reader may change, by input, where nothing is left to choose."""
    first = configuration.choices[0]
    open_keys = {key for choice in configuration.choices for key, _ in choice.chosen}
    return {
        f"{name}.{key}": {**_described(settings(type(resource))[key][0]), "value": plain_json(value)}
        for name, resource in first.resources.items()
        for key, value in _numbers(name, resource).items()
        if key not in open_keys and not (key == "utilisation" and hasattr(resource, "spare"))
    }
