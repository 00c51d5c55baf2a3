"""The databases of a store, asked before the work of minutes that ends in them."""

from __future__ import annotations

from crossover.stores.parts import split_shards


def check_databases(url: str) -> None:
    """Raise `UserError` where a database of the store's URL does not answer or has no table to load."""
    for one in split_shards(url):
        if one.startswith("mysql://"):
            from local.data.mysql.reach import check_reachable

            check_reachable(one)
        if one.startswith("dynamodb://"):
            from local.data.dynamodb.tables import check_table

            check_table(one)
