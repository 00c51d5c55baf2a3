"""A load: a generation of items written beside the one that serves, made to serve by one update, and cleaned up after.

Whatever ends a load before that update, the generation before it serves on. What a load leaves behind, its own items or
those of the generation before, the next one deletes. One load of a table runs at a time: it holds a lease, which ends
by itself once the process is gone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from crossover.runner import Unavailable
from crossover.stores.parts import Loading, LoadingAlone, part_of
from crossover.stores.port import Loaded, LoadFailed, Report, check_replaced
from crossover_dynamodb.client import CONDITION_FAILED, Client, OperationError
from crossover_dynamodb.credentials import credentials_of
from crossover_dynamodb.generation import (
    GRACE_SECONDS,
    LAYOUT,
    META,
    META_KEY,
    Generation,
    generation_of,
    switch_values,
)
from crossover_dynamodb.items import MAX_WRITE_ITEMS, PREFIX_BYTES, key_of, place_of
from crossover_dynamodb.spool import Spool
from crossover_dynamodb.target import TableTarget

WRITERS = 4
"""Batches that are written at a time."""
BATCH_BYTES = 2_000_000
"""Of the records in one batch; BatchWriteItem takes 16 MB."""
LOAD_SECONDS = 10.0
"""How long a request of a load may take."""
LOAD_ATTEMPTS = 10
"""Of a request whose table is throttled: together they take half a minute."""
LEASE_SECONDS = 60.0
RENEW_SECONDS = 15.0


def load(
    target: TableTarget,
    records: Iterable[tuple[bytes, bytes]],
    report: Report,
    client: Client | None = None,
    loading: Loading | None = None,
) -> Loaded:
    """Load a table with (key, record) pairs.

    Args:
        target: The table.
        records: What is loaded, all of it kept in a temporary file first.
        report: Is called with the progress.
        client: Calls the operations, and gives clock and sleep; else one is made for the target.
        loading: What the load is called and when it may switch; else it is that of a whole store.

    Raises:
        LoadFailed: Also where another load of this table is running, or a key comes twice.
    """
    if client is None:
        limits = replace(target.limits, size=WRITERS, borrow_timeout=LOAD_SECONDS * LOAD_ATTEMPTS)
        patient = replace(target, read_timeout=LOAD_SECONDS, attempts=LOAD_ATTEMPTS, limits=limits)
        client = Client(patient, credentials_of(target, os.environ))
    try:
        with contextlib.closing(client), Spool() as spool:
            return _TableLoad(client, spool, report).run(records, loading or LoadingAlone())
    except (Unavailable, OSError) as problem:
        raise LoadFailed(f"cannot load {target}: {problem}") from problem


class _TableLoad:
    """One load."""

    def __init__(self, client: Client, spool: Spool, report: Report) -> None:
        self._client = client
        self._table = client.target.table
        self._spool = spool
        self._report = report
        self._owner = secrets.token_hex(8)
        self._renew_at = 0.0

    def run(self, records: Iterable[tuple[bytes, bytes]], loading: Loading) -> Loaded:
        self._lease("attribute_not_exists(w) OR u < :now")
        try:
            before = self._meta()
            if before:
                check_replaced(before.version, part_of(loading.version))
            for key, record in records:
                self._spool.add(key, record)
                self._renew()
            generation = Generation(
                (before.sequence if before else 0) + 1, loading.version, secrets.token_bytes(PREFIX_BYTES), LAYOUT
            )
            self._write(generation)
            written = self._client.stats().write_units
            while not loading.may_switch(RENEW_SECONDS):
                self._renew()
            self._switch(generation)
        except BaseException:
            with contextlib.suppress(Unavailable):
                self._release()
            raise
        # The new generation serves by now: an error from here on fails no load, and the next load deletes what is left.
        deleted, left = 0, False
        try:
            deleted = self._clean(generation, wait=before is not None)
            self._release()
        except Unavailable:
            left = True
        figures = {
            "write units, estimated": float(self._spool.write_units),
            "write units, counted": written,
            "items written": float(self._spool.items),
            "old items deleted": float(deleted),
            "write units of the deletion": self._client.stats().write_units - written,
            "read units of the deletion": self._client.stats().read_units,
        } | ({"old items may be left (1: the next load deletes them)": 1.0} if left else {})
        return Loaded(generation.version, self._spool.records, self._spool.item_bytes, figures)

    def _write(self, generation: Generation) -> None:
        total = self._spool.write_units
        self._report("write units", 0, total)
        done = 0
        waiting: dict[Future[None], int] = {}

        def settle(least: int) -> None:
            nonlocal done
            while len(waiting) > least:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    done += waiting.pop(future)
                    future.result()
                self._report("write units", done, total)
                self._renew()

        with ThreadPoolExecutor(WRITERS, thread_name_prefix="load") as writers:
            try:
                for batch, units in self._spool.batches(generation.prefix, MAX_WRITE_ITEMS, BATCH_BYTES):
                    waiting[writers.submit(self._put, batch)] = units
                    settle(2 * WRITERS)
                settle(0)
            except BaseException:
                writers.shutdown(cancel_futures=True)
                raise

    def _put(self, items: list[Any]) -> None:
        self._batch([{"PutRequest": {"Item": item}} for item in items])

    def _batch(self, requests: list[Any]) -> None:
        """Write a batch, and what DynamoDB leaves unprocessed again, slower each time that it takes none."""
        stalled = 0
        while requests:
            answer = self._client.call(
                "BatchWriteItem", {"RequestItems": {self._table: requests}, "ReturnConsumedCapacity": "TOTAL"}
            )
            left = answer.get("UnprocessedItems", {}).get(self._table, [])
            stalled = stalled + 1 if len(left) == len(requests) else 0
            if stalled == self._client.target.attempts:
                raise Unavailable("DynamoDB is throttled: it left items unprocessed")
            requests = left
            if requests:
                self._client.wait(stalled + 1)

    def _switch(self, generation: Generation) -> None:
        self._update(
            "SET v = :v, s = :s, g = :g, l = :l",
            "w = :me",
            switch_values(generation),
            "another load took this table over while this one ran",
        )

    def _clean(self, generation: Generation, *, wait: bool) -> int:
        """Delete whatever is not of this generation, and return of how many items that was."""
        if wait:
            self._report("seconds until readers know the new load", 0, round(GRACE_SECONDS))
            self._client.sleep(GRACE_SECONDS)
        deleted = 0
        start: Any = None
        while True:
            page = self._client.call(
                "Scan",
                {
                    "TableName": self._table,
                    "ProjectionExpression": "i, p",
                    "ReturnConsumedCapacity": "TOTAL",
                }
                | ({"ExclusiveStartKey": start} if start else {}),
            )
            places = [place_of(item) for item in page.get("Items", [])]
            old = [place for place in places if place != META and not place[0].startswith(generation.prefix)]
            for at in range(0, len(old), MAX_WRITE_ITEMS):
                some = old[at : at + MAX_WRITE_ITEMS]
                self._batch([{"DeleteRequest": {"Key": key_of(place)}} for place in some])
                deleted += len(some)
                self._report("old items deleted", deleted, 0)
                self._renew()
            start = page.get("LastEvaluatedKey")
            if not start:
                return deleted

    def _meta(self) -> Generation | None:
        answer = self._client.call("GetItem", {"TableName": self._table, "Key": META_KEY, "ConsistentRead": True})
        return generation_of(answer.get("Item"))

    def _renew(self) -> None:
        if self._client.clock() >= self._renew_at:
            self._lease("w = :me")

    def _lease(self, condition: str) -> None:
        now = self._client.clock()
        values = {":until": {"N": f"{now + LEASE_SECONDS:.0f}"}}
        if ":now" in condition:
            values[":now"] = {"N": f"{now:.0f}"}
        self._update(
            "SET w = :me, u = :until",
            condition,
            values,
            f"another load of this table is running, or one was killed less than {LEASE_SECONDS:.0f} s ago",
        )
        self._renew_at = now + RENEW_SECONDS

    def _release(self) -> None:
        with contextlib.suppress(LoadFailed):
            self._update("REMOVE w, u", "w = :me", {}, "")

    def _update(self, expression: str, condition: str, values: dict[str, Any], failure: str) -> None:
        try:
            self._client.call(
                "UpdateItem",
                {
                    "TableName": self._table,
                    "Key": META_KEY,
                    "UpdateExpression": expression,
                    "ConditionExpression": condition,
                    "ExpressionAttributeValues": values | {":me": {"S": self._owner}},
                },
            )
        except OperationError as problem:
            if problem.code == CONDITION_FAILED:
                raise LoadFailed(failure) from None
            raise
