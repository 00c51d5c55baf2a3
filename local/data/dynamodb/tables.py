"""Tables for a store on DynamoDB: made on local servers, and looked for before a load."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace

from crossover.runner import Unavailable
from crossover_dynamodb.client import Client, OperationError
from crossover_dynamodb.credentials import credentials_of
from crossover_dynamodb.target import parse
from local.child import wait_until
from local.errors import UserError

EXISTS = "ResourceInUseException"
KEY = (("i", "B", "HASH"), ("p", "N", "RANGE"))
"""The table's keys, as template.yaml has them."""
ACTIVE_SECONDS = 60.0
FIRST_SECONDS = 30.0
"""How long a first request may take: moto imports its service then."""


def create_table(url: str, read_units: int = 0, write_units: int = 0) -> None:
    """Create the table of a store's URL, unless it is there: on demand, or provisioned with these units."""
    target = replace(parse(url, os.environ), read_timeout=FIRST_SECONDS, connect_timeout=FIRST_SECONDS)
    provisioned = {"ProvisionedThroughput": {"ReadCapacityUnits": read_units, "WriteCapacityUnits": write_units}}
    with closing(Client(target, credentials_of(target, os.environ))) as client:
        try:
            client.call(
                "CreateTable",
                {
                    "TableName": target.table,
                    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind, _ in KEY],
                    "KeySchema": [{"AttributeName": name, "KeyType": role} for name, _, role in KEY],
                    "BillingMode": "PROVISIONED" if read_units else "PAY_PER_REQUEST",
                }
                | (provisioned if read_units else {}),
            )
        except OperationError as problem:
            if problem.code != EXISTS:
                raise

        def is_active() -> bool:
            described = client.call("DescribeTable", {"TableName": target.table})
            return bool(described["Table"]["TableStatus"] == "ACTIVE")

        if not wait_until(is_active, ACTIVE_SECONDS):
            raise UserError(f"the table {target.table} was not active within {ACTIVE_SECONDS:.0f} s")


def check_table(url: str) -> None:
    """Raise `UserError` where the URL is wrong, or no table answers there, before the work of minutes is done."""
    try:
        target = parse(url, os.environ)
        with closing(Client(target, credentials_of(target, os.environ))) as client:
            client.call("GetItem", {"TableName": target.table, "Key": {"i": {"B": "bWV0YQ=="}, "p": {"N": "0"}}})
    except (ValueError, Unavailable) as problem:
        raise UserError(
            f"{problem}; the stack of template.yaml makes a table, and crossover dynamodb one on this machine"
        ) from None
