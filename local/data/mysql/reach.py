"""Whether a MySQL store can be loaded, asked before the work of minutes that ends in it."""

from __future__ import annotations

from contextlib import closing

from crossover.runner import Unavailable
from crossover_mysql.store import open_store
from local.errors import UserError


def for_loading(url: str, schema: str | None) -> str:
    """The URL, with the schema as its option where one is given. Raises `UserError` where nobody answers there."""
    if schema is not None:
        url += f"{'&' if '?' in url else '?'}schema={schema}"
    try:
        with closing(open_store(url)) as store:
            store.budget(1, 1)
    except (ValueError, Unavailable) as problem:
        raise UserError(f"{problem}; crossover mysql runs a server on this machine") from None
    return url
