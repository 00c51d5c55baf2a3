"""A request of the blockchain service explained at a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossover.explaining import explained_here
from crossover.runner import InlineRunner
from crossover.settings import SettingError, configured
from functions.blockchain.explain import BROKEN, KEPT
from functions.blockchain.handler import SERVICE
from local.errors import UserError

STYLES = {KEPT: "green", BROKEN: "bold red"}


def explanation_of(cc: str) -> dict[str, Any]:
    """Return the explanation of a request, mined and with its answer. Raises `UserError`."""
    try:
        service = configured(SERVICE, os.environ)
    except SettingError as problem:
        raise UserError(str(problem)) from None
    return explained_here(service, f"cc={quote(cc)}".encode(), InlineRunner())


def draw(data: dict[str, Any]) -> Iterator[RenderableType]:
    """Return what the command prints."""
    broken = next((rule for rule in data["rules"] if rule["state"] == BROKEN), None)
    for number, block in enumerate(data["blocks"]):
        yield _block(f"Block {block['id']}", block, _marked(broken, number))
    if data["blocks"]:
        new = {**data["new"], "target": data["new_target"]}
        yield _block("New transactions", new, _marked(broken, None))
    if data["mined"]:
        mined = data["mined"]
        took = f"{mined['attempts']:,} attempts in {data['seconds'] * 1000:.2f} ms"
        yield _block(f"Mined: block {mined['id']}, {took}", mined, lambda tx: False)
    table = Table("", "rule", "", box=None, padding=(0, 1, 0, 0))
    for rule in data["rules"]:
        table.add_row(rule["code"], rule["meaning"].rstrip("."), Text(rule["state"], STYLES.get(rule["state"], "dim")))
    yield table
    yield Text(data["problem"] or "valid", "bold red" if broken else "bold green")
    yield Text(data["answer"], overflow="fold")


def _marked(broken: dict[str, Any] | None, block: int | None) -> Any:
    """Tells of a transaction of that block whether it breaks the rule; of None, whether the block as such does."""

    def marked(tx: int | None) -> bool:
        return broken is not None and (broken["block"], broken["tx"]) == (block, tx) and (block, tx) != (None, None)

    return marked


def _block(title: str, block: dict[str, Any], marked: Any) -> RenderableType:
    head = ", ".join(f"{key} {block[key]}" for key in ("previous", "hash", "target", "pow") if key in block)
    style = "bold red" if marked(None) else ""
    table = Table(box=None, padding=(0, 1, 0, 0), title=Text(f"{title}: {head}", style), title_justify="left")
    for name in ("", "time", "from", "to", "amount", "fee", "hash"):
        table.add_column(name, min_width=20 if name == "time" else None)
    for tx, transaction in enumerate(block["transactions"]):
        sender = "ours, to sign" if "hash" not in transaction else transaction.get("send", "reward")
        values = (
            tx,
            transaction["time"],
            sender,
            transaction["recv"],
            transaction["amt"],
            transaction.get("fee", ""),
            transaction.get("hash", ""),
        )
        table.add_row(*map(str, values), style="bold red" if marked(tx) else None)
    if block["balances"] is not None:
        text = ", ".join(f"{account}: {amount:,}" for account, amount in block["balances"])
        table.caption = Text(f"Balances afterwards: {text or 'nobody has anything'}")
        table.caption_justify = "left"
    return Padding(table, (0, 0, 1, 0))
