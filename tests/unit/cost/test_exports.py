"""A bill as AWS exports it, beside the price book."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.cost.cur import reading
from local.cost.cur.usage_types import priced_by, region_of
from tests.unit.cost.exports import LEGACY, SHOP, Row, as_csv
from tests.unit.cost.test_cost_commands import answer, refusal, run


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def shop(folder: Path, rows: list[Row] = SHOP) -> Any:
    return answer("audit", "--from-cur", written(folder / "cur.csv", as_csv(rows)))


def entries(found: Any) -> dict[str, Any]:
    return {entry["name"]: entry for entry in found["entries"]}


def test_the_sums_are_what_aws_charged_to_the_cent(tmp_path: Path) -> None:
    found = shop(tmp_path)
    assert found["charged"] == pytest.approx(sum(float(row.cost) for row in SHOP))
    parts = found["checked"] + found["committed"] + found["not_checked"] + sum(found["others"].values())
    assert found["charged"] == pytest.approx(parts)
    assert found["lines"] == len(SHOP)
    assert found["free_of_charge"] == 1


def test_usage_at_list_price_is_as_modelled(tmp_path: Path) -> None:
    found = entries(shop(tmp_path))
    right = ["ec2 t3.medium", "vpc nat-hours", "ebs gp3", "rds-mysql db.r7g.xlarge", "rds storage-gp3", "elb alb-hours",
             "elb alb-capacity", "eks cluster", "eks cluster-extended", "lambda gb-seconds-arm64", "s3 storage",
             "cloudfront out-europe"]  # fmt: skip
    assert {name: found[name]["verdict"] for name in right} == dict.fromkeys(right, "as modelled")
    assert (found["vpc nat-hours"]["region"], found["ec2 t3.medium"]["usage"]) == ("eu-central-1", 1488)
    assert found["lambda gb-seconds-arm64"]["remark"] == "400,000 of them free"


def test_what_is_not_at_list_price_is_explained(tmp_path: Path) -> None:
    found = entries(shop(tmp_path))
    assert (found["cloudwatch alarms"]["verdict"], found["cloudwatch alarms"]["remark"]) == (
        "below list price", "20 % under the list price",
    )  # fmt: skip
    assert found["ec2 m5.large"]["verdict"] == "reserved"
    assert found["ec2 m5.large"]["remark"] == "effectively $44.64, 37.5 % under the list price"
    assert found["fargate vcpu-x86_64"]["verdict"] == "savings plan"
    assert found["USE1-SpotUsage:m5.large"]["remark"] == "spot prices change by the hour"
    assert found["DNS-Queries"]["verdict"] == "not checked"
    dear = [SHOP[0]._replace(cost="62.00", list_cost="62.00"), SHOP[2]._replace(cost="40", list_cost="")]
    differing = entries(shop(tmp_path, dear))
    assert "AWS's list price is \u22480.0833333 each; the book has 0.0416" in differing["ec2 t3.medium"]["remark"]
    assert "AWS charged \u22480.0537634 each" in differing["vpc nat-hours"]["remark"]


def test_discounts_credits_taxes_and_commitments_are_named(tmp_path: Path) -> None:
    file = written(tmp_path / "cur.csv", as_csv(SHOP))
    shown = " ".join(run("audit", "--from-cur", file).output.split())
    assert "No usage: discount of the enterprise agreement (EDP), -$5.57." in shown
    assert "No usage: taxes, $20.00." in shown
    assert "No usage: usage that savings plans cover, taken off again, -$30.12." in shown
    assert "Under reservations and savings plans: $30.12 charged, effectively $68.73, $101.54 on demand." in shown
    assert "Not checked: $3.50, rows of the table: 2." in shown


@pytest.mark.parametrize("form", ["legacy", "gzip", "zip", "bom", "folder", "parquet"])
def test_every_form_of_a_report_says_the_same(tmp_path: Path, form: str) -> None:
    text, path = as_csv(SHOP, legacy=form == "legacy"), tmp_path / "export" / "cur.csv"
    path.parent.mkdir()
    if form == "gzip":
        path = path.with_suffix(".csv.gz")
        path.write_bytes(gzip.compress(text.encode()))
    elif form == "zip":
        path = path.with_suffix(".zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("cur.csv", text)
    elif form == "parquet":
        import pyarrow as arrow
        from pyarrow import parquet

        path = path.with_suffix(".parquet")
        columns = {name: [row[at] or None for row in SHOP] for at, name in enumerate(LEGACY)}
        for name in ("line_item_usage_amount", "line_item_unblended_cost"):
            columns[name] = [float(value or 0) for value in columns[name]]  # type: ignore[misc]
        parquet.write_table(arrow.table(columns), path)
    else:
        path.write_text(("\ufeff" if form == "bom" else "") + text)
    found = answer("audit", "--from-cur", str(path.parent if form == "folder" else path))
    assert found == shop(tmp_path)


def test_several_files_are_one_bill(tmp_path: Path) -> None:
    parts = [written(tmp_path / f"{at}.csv", as_csv(SHOP[at::2])) for at in (0, 1)]
    assert answer("audit", "--from-cur", parts[0], "--from-cur", parts[1])["charged"] == shop(tmp_path)["charged"]


def test_cost_explorer_by_usage_type_needs_its_usage_too(tmp_path: Path) -> None:
    days = '"2026-10-01","15.4752","19.344","34.8192"\n"2026-10-17","15.4752","19.344","34.8192"\n'
    head = '"Usage type","BoxUsage:t3.medium($)","EUC1-NatGateway-Hours($)","Total costs($)"\n'
    cost = written(tmp_path / "cost.csv", f'{head}"Usage type total","30.9504","38.688","69.6384"\n{days}')
    found = answer("audit", "--from-cur", cost)
    assert found["charged"] == pytest.approx(69.6384)
    assert entries(found)["ec2 t3.medium"]["remark"] == "744 instance-hours at 0.0416"
    head = '"Usage type","BoxUsage:t3.medium(Hrs)","EUC1-NatGateway-Hours(Hrs)","Total usage()"\n'
    usage = written(tmp_path / "usage.csv", f'{head}"2026-10-01","744","744","1488"\n')
    both = entries(answer("audit", "--from-cur", cost, "--from-cur", usage))
    assert {entry["verdict"] for entry in both.values()} == {"as modelled"}


def test_each_month_has_its_tiers(tmp_path: Path) -> None:
    head = "lineItem/UsageType,lineItem/UsageAmount,lineItem/UnblendedCost,lineItem/UsageStartDate\n"
    lines = [f"DataTransfer-Out-Bytes,150,4.5,2026-{month}-01T00:00:00Z\n" for month in ("09", "10")]
    found = answer("audit", "--from-cur", written(tmp_path / "cur.csv", head + "".join(lines)))
    assert entries(found)["data-transfer internet-out"]["price_book"] == 9  # 100 GB are free in each month
    explorer = '"Usage type","DataTransfer-Out-Bytes({})","Total({})"\n"2026-09-01",{},{}\n"2026-10-01",{},{}\n'
    cost = written(tmp_path / "cost.csv", explorer.format("$", "$", *["4.5"] * 4))
    usage = written(tmp_path / "usage.csv", explorer.format("GB", "GB", *["150"] * 4))
    both = answer("audit", "--from-cur", cost, "--from-cur", usage)
    assert entries(both)["data-transfer internet-out"]["verdict"] == "as modelled"


def test_cost_explorer_by_service_says_how_to_export(tmp_path: Path) -> None:
    text = '"Service","EC2-Instances($)","Tax($)","Total costs($)"\n"Service total","100","19","119"\n'
    found = answer("audit", "--from-cur", written(tmp_path / "ce.csv", text))
    assert (found["charged"], found["others"]) == (119, {"Tax": 19})
    assert "export it grouped by usage type" in found["entries"][0]["remark"]


def test_the_monthly_bill_s_csv_is_read_without_its_totals(tmp_path: Path) -> None:
    head = "RecordType,ProductCode,UsageType,Operation,UsageQuantity,CurrencyCode,CostBeforeTax,Credits,TaxAmount\n"
    lines = "LinkedLineItem,AmazonEC2,BoxUsage:t3.medium,RunInstances,744,USD,30.9504,-1,5\nInvoiceTotal,,,,,USD,35,,\n"
    found = answer("audit", "--from-cur", written(tmp_path / "bill.csv", head + lines))
    assert (found["others"], found["entries"][0]["verdict"]) == ({"Credit": -1, "Tax": 5}, "as modelled")


def test_a_net_cost_names_the_discount(tmp_path: Path) -> None:
    head = "line_item_usage_type,line_item_usage_amount,line_item_unblended_cost,line_item_net_unblended_cost\n"
    found = answer("audit", "--from-cur", written(tmp_path / "cur.csv", f"{head}NatGateway-Hours,100,4.5,4.05\n"))
    assert (found["others"], found["charged"]) == ({"NetDiscount": -0.45}, 4.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "has no column lineItem/UsageType; give a Cost and Usage Report"),
        (as_csv([]), "the bill has no lines"),
        (as_csv([SHOP[0]._replace(cost="much")]), "line 2: cost: 'much' is not a number"),
        (as_csv([SHOP[0]._replace(usage="NaN")]), "line 2: usage: 'NaN' is not a number"),
        (as_csv([SHOP[0]._replace(currency="EUR")]), "line 2: is in EUR; the price book is in USD"),
        (as_csv(SHOP[:1]) + "Usage,AmazonEC2\n", "line 3: has 2 columns, too few for the header"),
        ('"Usage type","x($)","Total costs($)"\n"2026-10-01","?","1"\n', "line 2: column 2: '?' is not a number"),
    ],
)
def test_what_is_no_bill_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal("audit", "--from-cur", written(tmp_path / "cur.csv", text))


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    cut = tmp_path / "cur.csv.gz"
    cut.write_bytes(gzip.compress(as_csv(SHOP).encode())[:-20])
    assert "is damaged" in refusal("audit", "--from-cur", str(cut))
    (tmp_path / "cur.zip").write_bytes(b"PK\x03\x04 and nothing")
    assert "is damaged" in refusal("audit", "--from-cur", str(tmp_path / "cur.zip"))
    (tmp_path / "cur.parquet").write_bytes(b"PAR1 and nothing")
    assert "is not Parquet" in refusal("audit", "--from-cur", str(tmp_path / "cur.parquet"))
    (tmp_path / "cur.csv").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in refusal("audit", "--from-cur", str(tmp_path / "cur.csv"))
    assert "no such file" in refusal("audit", "--from-cur", str(tmp_path / "none.csv"))
    (tmp_path / "empty").mkdir()
    assert "has no file that ends in .csv" in refusal("audit", "--from-cur", str(tmp_path / "empty"))


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "cur.csv", as_csv(SHOP))
    monkeypatch.setattr(reading, "MAX_LINES", 10)
    assert "has over 10 lines" in refusal("audit", "--from-cur", file)
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    assert "has over 100 bytes unpacked" in refusal("audit", "--from-cur", file)


def test_a_bill_that_cannot_be_checked_whole_is_refused_if_asked(tmp_path: Path) -> None:
    file = written(tmp_path / "cur.csv", as_csv(SHOP))
    assert "2 lines cannot be checked; the first is USE1-SpotUsage" in refusal("audit", "--from-cur", file, "--strict")
    assert "leave out the audit file" in refusal("audit", "report", "--from-cur", file)


@pytest.mark.parametrize(
    ("product", "usage_type", "operation", "row"),
    [
        ("AmazonRDS", "Multi-AZUsage:db.t3.small", "CreateDBInstance:0014", "rds-postgresql db.t3.small x2"),
        ("AmazonRDS", "InstanceUsage:db.r5.12xl", "CreateDBInstance:0016", "aurora-mysql db.r5.12xlarge x1"),
        ("AmazonRDS", "InstanceUsage:db.r5.large", "CreateDBInstance:0005", " x1"),
        ("AmazonRDS", "InstanceUsage:db.r5.large", None, " x1"),
        ("AmazonElastiCache", "NodeUsage:cache.t3.micro", "CreateCacheCluster:0002", "elasticache cache.t3.micro x1"),
        ("AmazonElastiCache", "NodeUsage:cache.t3.micro", "CreateCacheCluster:0001", " x1"),
        ("AmazonDAX", "NodeUsage:dax.t3.small", "", "dax dax.t3.small x1"),
        ("AWSELB", "LoadBalancerUsage", None, "elb alb-hours x1"),
        ("AWSELB", "LoadBalancerUsage", "LoadBalancing", " x1"),
        ("AWSELB", "LCUUsage", "LoadBalancing:Network", "elb nlb-capacity x1"),
        ("AWSELB", "LCUUsage", None, " x1"),
        ("AmazonEC2", "BoxUsage:t3.medium", "RunInstances:0002", " x1"),
        ("AmazonECR", "TimedStorage-ByteHrs", "", "ecr storage x1"),
        ("", "TimedStorage-ByteHrs", None, " x1"),
        ("AmazonCloudFront", "IN-DataTransfer-Out-Bytes", "", " x1"),
    ],
)
def test_a_usage_type_finds_its_row(product: str, usage_type: str, operation: str | None, row: str) -> None:
    found = priced_by(product, usage_type, operation)
    assert f"{found.service} {found.dimension} x{found.copies}".strip() == row.strip()
    assert bool(found.service) != bool(found.why)


def test_the_region_stands_before_the_usage_type() -> None:
    assert region_of("EU-NatGateway-Hours") == ("eu-west-1", "NatGateway-Hours")
    assert region_of("NatGateway-Hours") == ("us-east-1", "NatGateway-Hours")
    assert region_of("Lambda-GB-Second", "eu-west-2") == ("eu-west-2", "Lambda-GB-Second")
