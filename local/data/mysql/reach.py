"""Whether a MySQL store can be loaded, asked before the work of minutes that ends in it."""

from __future__ import annotations

from contextlib import closing

from crossover.runner import Unavailable
from crossover_mysql.store import open_store
from local.errors import UserError


def check_reachable(url: str) -> None:
    """Raise `UserError` where the URL is wrong or no database answers there."""
    try:
        with closing(open_store(url)) as store:
            store.budget(1, 1)
    except (ValueError, Unavailable) as problem:
        raise UserError(f"{problem}; crossover mysql runs a server on this machine") from None
