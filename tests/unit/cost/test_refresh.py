"""The bulk list's answers here were written in the form that AWS documents; nothing of a live list is in them."""

from __future__ import annotations

import json
import threading
import tomllib
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.cost import files
from local.cost.errors import CostError
from local.cost.price_book import PriceBook, PriceTier
from local.cost.price_file import parse, render
from local.cost.refresh.bulk import read_offer
from local.cost.refresh.compare import (
    ADDED,
    AMBIGUOUS,
    CHANGED,
    CONFIRMED,
    NO_LIST,
    NOT_FOUND,
    REFUSED,
    PriceChange,
    Source,
    compare,
    renewed_rows,
    sources_of,
)
from local.cost.refresh.port import CHUNK, FolderPriceList, HttpPriceList, PriceList, index_path, price_list

F = Fraction
REGION = "us-east-1"
MYSQL = {"instanceType": "db.r7g.xlarge", "databaseEngine": "MySQL", "deploymentOption": "Single-AZ"}


def product(family: str, **attributes: str) -> dict[str, Any]:
    return {"productFamily": family, "attributes": {"servicecode": "some", **attributes}}


def term(sku: str, *ranges: tuple[str, str, str]) -> dict[str, Any]:
    dimensions = {
        f"{sku}.JRTCKXETXF.{number}": {
            "rateCode": f"{sku}.JRTCKXETXF.{number}", "description": "a test", "unit": "Hrs", "appliesTo": [],
            "beginRange": begin, "endRange": end, "pricePerUnit": {"USD": price},
        }
        for number, (begin, end, price) in enumerate(ranges)
    }  # fmt: skip
    one = {"offerTermCode": "JRTCKXETXF", "sku": sku, "priceDimensions": dimensions, "termAttributes": {}}
    return {f"{sku}.JRTCKXETXF": one}


def offer(code: str, products: dict[str, Any], prices: dict[str, Any]) -> str:
    head = {"formatVersion": "v1.0", "offerCode": code, "publicationDate": "2026-11-02T09:00:00Z"}
    terms = {"OnDemand": {sku: term(sku, *ranges) for sku, ranges in prices.items()}, "Reserved": {}}
    return json.dumps({**head, "products": {sku: {"sku": sku, **one} for sku, one in products.items()}, "terms": terms})


def whole(price: str) -> list[tuple[str, str, str]]:
    return [("0", "Inf", price)]


RDS = offer(
    "AmazonRDS",
    {
        "MYSQL1": product("Database Instance", usagetype="InstanceUsage:db.r7g.xl", **MYSQL),
        "AURORA1": product("Database Instance", **{**MYSQL, "databaseEngine": "Aurora MySQL"}, storage="EBS Only"),
        "PROXY": product("RDSProxy", usagetype="RDS:ProxyUsage"),
        "OTHER": product("Database Instance", **{**MYSQL, "deploymentOption": "Multi-AZ"}),
    },
    {
        "MYSQL1": whole("0.5010000000"),
        "AURORA1": whole("0.5530000000"),
        "PROXY": whole("0.0150000000"),
        "OTHER": whole("1"),
    },
)
LAMBDA = offer(
    "AWSLambda",
    {
        "REQ": product("Serverless", group="AWS-Lambda-Requests"),
        "DUR": product("Serverless", group="AWS-Lambda-Duration"),
    },
    {
        "REQ": whole("0.0000002000"),
        "DUR": [
            ("15000000000", "Inf", "0.0000133334"), ("0", "6000000000", "0.0000166667"),
            ("6000000000", "15000000000", "0.0000150000"),
        ],
    },
)  # fmt: skip
EC2 = offer(
    "AmazonEC2",
    {
        sku: product("Compute Instance", instanceType="c8g.large", operatingSystem="Linux", tenancy="Shared",
                     preInstalledSw="NA", capacitystatus="Used", marketoption="OnDemand")
        for sku in ("ONE", "TWO")
    },
    {"ONE": whole("0.07976"), "TWO": whole("0.08")},
)  # fmt: skip


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """The list's folder with three offers."""
    for code, text in (("AmazonRDS", RDS), ("AWSLambda", LAMBDA), ("AmazonEC2", EC2)):
        path = tmp_path / index_path(code, REGION)
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def compared(book: PriceBook, prices: PriceList) -> dict[str, PriceChange]:
    changes = compare(book, sources_of(files.toml(files.SOURCES)), prices, REGION)
    return {change.row.name: change for change in changes}


def test_every_row_gets_its_news(book: PriceBook, recorded: Path) -> None:
    news = compared(book, FolderPriceList(recorded))
    assert len(news) == len(book.of_region(REGION))
    assert {name: news[name].kind for name in (
        "rds-mysql db.r7g.xlarge", "aurora-mysql db.r7g.xlarge", "rds-proxy vcpu-hours", "lambda requests",
        "lambda gb-seconds-x86_64", "ec2 c8g.large", "ec2 c8g.xlarge", "eks cluster", "kms keys",
    )} == {
        "rds-mysql db.r7g.xlarge": CHANGED, "aurora-mysql db.r7g.xlarge": CONFIRMED, "rds-proxy vcpu-hours": CONFIRMED,
        "lambda requests": CONFIRMED, "lambda gb-seconds-x86_64": CONFIRMED, "ec2 c8g.large": AMBIGUOUS,
        "ec2 c8g.xlarge": NOT_FOUND, "eks cluster": NO_LIST, "kms keys": NO_LIST,
    }  # fmt: skip
    assert news["rds-mysql db.r7g.xlarge"].note == "0.478 per instance-hour becomes 0.501 per instance-hour"
    assert news["ec2 c8g.large"].note == "2 products at 2 prices: ONE, TWO"


def test_what_the_list_confirmed_or_changed_is_renewed_with_its_date(book: PriceBook, recorded: Path) -> None:
    news = compared(book, FolderPriceList(recorded))
    rows = PriceBook(renewed_rows(book, list(news.values()), REGION))
    changed = rows.price("rds-mysql", "db.r7g.xlarge", REGION)
    assert (changed.single, changed.read, changed.certainty) == (F("0.501"), "2026-11-02", "firm")
    assert rows.price("aurora-mysql", "db.r7g.xlarge", REGION).certainty == "firm"
    assert rows.price("ec2", "c8g.large", REGION) == book.price("ec2", "c8g.large", REGION)
    assert len(rows.rows) == len(book.of_region(REGION))
    text = render(rows.rows)
    assert render(PriceBook(parse(tomllib.loads(text, parse_float=Decimal), "written")).rows) == text


OREGON = {
    "instanceType": "c8g.large", "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA",
    "capacitystatus": "Used", "marketoption": "OnDemand", "usagetype": "USW2-BoxUsage:c8g.large",
}  # fmt: skip


def test_another_region_is_filled_with_what_its_list_has(book: PriceBook, tmp_path: Path) -> None:
    """A fragment of a region's lists: usage types carry the region's prefix, and decoys have more before them."""
    balancers = {"LCU": "SAE1-LCUUsage", "DECOY": "SAE1-Outposts-LCUUsage", "MORE": "SAE1-ReservedLCUUsage"}
    lists = {
        "AmazonEC2": offer(
            "AmazonEC2",
            {
                "NODE": product("Compute Instance", **OREGON),
                "NAT": product("NAT Gateway", usagetype="SAE1-NatGateway-Hours"),
            },
            {"NODE": whole("0.1234"), "NAT": whole("0.093")},
        ),
        "AWSELB": offer(
            "AWSELB",
            {
                sku: product("Load Balancer-Application", usagetype=usage, operation="LoadBalancing:Application")
                for sku, usage in balancers.items()
            },
            {"LCU": whole("0.011"), "DECOY": whole("0"), "MORE": whole("0.002")},
        ),
    }
    for code, text in lists.items():
        path = tmp_path / index_path(code, "sa-east-1")
        path.parent.mkdir(parents=True)
        path.write_text(text)
    changes = compare(book, sources_of(files.toml(files.SOURCES)), FolderPriceList(tmp_path), "sa-east-1")
    added = PriceBook(renewed_rows(book, changes, "sa-east-1"))
    found = {price.name: price.single for price in added.rows}
    assert found == {"ec2 c8g.large": F("0.1234"), "vpc nat-hours": F("0.093"), "elb alb-capacity": F("0.011")}
    assert {price.region for price in added.rows} == {"sa-east-1"}
    kinds = {change.row.name: change.kind for change in changes}
    assert (kinds["ec2 c8g.large"], kinds["ec2 c7g.large"]) == (ADDED, NOT_FOUND)
    assert kinds["rds-proxy vcpu-hours"] == NO_LIST


@pytest.mark.parametrize(
    ("service", "attributes", "why"),
    [
        ("rds-mysql", {"databaseEngine": "Aurora MySQL"}, "AURORA1 is priced for Aurora MySQL, not for MySQL"),
        ("aurora-mysql", {"databaseEngine": "MySQL"}, "MYSQL1 is priced for MySQL, not for Aurora MySQL"),
    ],
)
def test_an_rds_mysql_row_is_never_filled_from_an_aurora_product(
    book: PriceBook, recorded: Path, service: str, attributes: dict[str, str], why: str
) -> None:
    wrong = [
        Source(service, "AmazonRDS", {"instanceType": "{dimension}", "deploymentOption": "Single-AZ", **attributes})
    ]
    changes = {change.row.name: change for change in compare(book, wrong, FolderPriceList(recorded), REGION)}
    change = changes[f"{service} db.r7g.xlarge"]
    assert (change.kind, change.note, change.renewed) == (REFUSED, why, None)


def test_aurora_usage_without_an_engine_is_refused_too(book: PriceBook, tmp_path: Path) -> None:
    path = tmp_path / "rds.json"
    path.write_text(
        offer("AmazonRDS", {"S": product("Database Storage", usagetype="Aurora:StorageUsage")}, {"S": whole("0.1")})
    )
    wrong = [Source("rds", "AmazonRDS", {"productFamily": "Database Storage"}, "storage-gp3")]
    change = next(
        one for one in compare(book, wrong, FolderPriceList(path), REGION) if one.row.dimension == "storage-gp3"
    )
    assert (change.kind, change.note) == (REFUSED, "S is Aurora usage, not RDS")


def test_a_single_file_serves_its_own_offer_only(book: PriceBook, tmp_path: Path) -> None:
    path = tmp_path / "lambda.json"
    path.write_text(LAMBDA)
    news = compared(book, price_list(str(path)))
    assert news["lambda requests"].kind == CONFIRMED
    assert news["rds-proxy vcpu-hours"].note.endswith("lambda.json: is not the list of AmazonRDS")


class Long:
    """A list longer than what may be held, made up as it is read: products and prices in pieces of a kilobyte."""

    def __init__(self, products: int) -> None:
        self.products, self.sent = products, 0

    def chunks(self) -> Iterator[bytes]:
        head = b'{"offerCode": "AmazonEC2", "publicationDate": "2026-11-02T00:00:00Z", "products": {'
        yield from self._counted(head)
        for number in range(self.products):
            attributes = b'{"instanceType": "x%d", "padding": "%s"}' % (number, b"-" * 1000)
            yield from self._counted(b'%s"SKU%d": {"attributes": %s}' % (b"," if number else b"", number, attributes))
        yield from self._counted(b'}, "terms": {"OnDemand": {')
        for number in range(self.products):
            price = b'{"beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": "%d"}}' % number
            dimensions = b'{"T": {"priceDimensions": {"D": %s}}}' % price
            yield from self._counted(b'%s"SKU%d": %s' % (b"," if number else b"", number, dimensions))
        yield from self._counted(b"}}}")

    def _counted(self, chunk: bytes) -> Iterator[bytes]:
        self.sent += len(chunk)
        yield chunk


def test_a_long_list_is_read_as_it_streams_by_and_only_what_was_asked_for_is_kept() -> None:
    listed = Long(1_600)
    tracemalloc.start()
    read = read_offer(listed.chunks(), {"wanted": {"instanceType": "x1234"}})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert listed.sent > 1_800_000
    assert peak < listed.sent / 4
    assert read.published == "2026-11-02"
    (found,) = read.found["wanted"]
    assert (found.sku, found.tiers) == ("SKU1234", (PriceTier(None, F(1234)),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"<html>", "is not whole JSON"),
        (LAMBDA[:900].encode(), "is not whole JSON"),
        (b'{"products": {"S": 3}}', "is not of the documented form"),
        (
            b'{"products": {"S": {"attributes": {}}}, "terms": {"OnDemand": {"S": {"T": {}}}}}',
            "is not of the documented form",
        ),
    ],
)
def test_what_is_no_price_list_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(CostError, match=message):
        read_offer([text], {"all": {}})


@pytest.fixture
def server(recorded: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(recorded))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_the_list_can_be_read_over_http_in_chunks(server: str) -> None:
    chunks = list(HttpPriceList(server + "/").chunks("AWSLambda", REGION))
    assert b"".join(chunks).decode() == LAMBDA
    assert all(len(chunk) <= CHUNK for chunk in chunks)


def test_an_offer_that_is_missing_costs_only_its_own_rows_their_news(book: PriceBook, server: str) -> None:
    news = compared(book, price_list(server))
    assert news["lambda requests"].kind == CONFIRMED
    assert news["eks cluster"].kind == NO_LIST
    assert news["eks cluster"].note.endswith("answered 404")


def test_a_server_that_is_not_there_is_said_to_be(server: str) -> None:
    with pytest.raises(CostError, match="cannot be reached"):
        list(HttpPriceList("http://127.0.0.1:1").chunks("AWSLambda", REGION))


def test_an_endless_list_is_given_up(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.cost.refresh.port.MAX_BYTES", 10)
    path = recorded / "long.json"
    path.write_text('{"offerCode": "AWSLambda"' + " " * (CHUNK + 20))
    with pytest.raises(CostError, match="is over 10 bytes"):
        list(FolderPriceList(path).chunks("AWSLambda", REGION))


def test_places_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CostError, match="no http or https address"):
        price_list("ftp://somewhere")
    with pytest.raises(CostError, match="no such file or folder"):
        price_list(str(tmp_path / "nowhere"))


def test_without_a_place_the_list_is_aws_s_public_one() -> None:
    listed = price_list(None)
    assert isinstance(listed, HttpPriceList)
    assert listed.root.startswith("https://pricing.")
