"""The databases of a store, asked before the work of minutes that ends in them."""

from __future__ import annotations

from crossover.stores import check_parts
from crossover.stores.parts import split_shards
from crossover.stores.port import LoadFailed
from local.errors import UserError


def check_databases(url: str) -> None:
    """Raise `UserError` where a database does not answer, has no table to load, or holds another part of a store."""
    for one in split_shards(url):
        if one.startswith("mysql://"):
            from local.data.mysql.reach import check_reachable

            check_reachable(one)
        if one.startswith("dynamodb://"):
            from local.data.dynamodb.tables import check_table

            check_table(one)
    try:
        check_parts(url)
    except (ValueError, LoadFailed) as problem:
        raise UserError(str(problem)) from None
