"""Reading all records of a table, in no order: DynamoDB keeps none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from crossover.stores.parts import Part, check_unchanged
from crossover.stores.sealing import Damaged
from crossover_dynamodb.client import Client
from crossover_dynamodb.credentials import credentials_of
from crossover_dynamodb.generation import META_KEY, generation_of
from crossover_dynamodb.items import count_of, place_of, record_of
from crossover_dynamodb.loading import LOAD_ATTEMPTS, LOAD_SECONDS
from crossover_dynamodb.store import DynamoStore
from crossover_dynamodb.target import TableTarget


def dump(target: TableTarget, part: Part, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of the table's load, a page of a Scan at a time.

    Raises:
        Unavailable: Where the table cannot be read, or has another load than this one.
    """
    patient = replace(target, read_timeout=LOAD_SECONDS, attempts=LOAD_ATTEMPTS, consistent=True)
    client = Client(patient, credentials_of(target, os.environ))
    with closing(DynamoStore(client, part=part)) as store:
        start: Any = None
        while True:
            generation = generation_of(
                client.call("GetItem", {"TableName": target.table, "Key": META_KEY, "ConsistentRead": True}).get("Item")
            )
            check_unchanged(generation.version if generation else "", version)
            prefix = generation.prefix if generation else b""
            page = client.call(
                "Scan",
                {"TableName": target.table, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}
                | ({"ExclusiveStartKey": start} if start else {}),
            )
            records = []
            for item in page.get("Items", []):
                key, at = place_of(item)
                if at == 0 and key.startswith(prefix):
                    key = key[len(prefix) :]
                    records.append((key, record_of(key, [item]) if count_of(item) == 1 else store.fetch(key)))
            # A later load deletes items only after it has switched, so a page is whole while this load serves.
            check_unchanged(store.version(), version)
            for key, record in records:
                if record is None:
                    raise Damaged("a record is missing")
                yield key, record
            start = page.get("LastEvaluatedKey")
            if not start:
                return
