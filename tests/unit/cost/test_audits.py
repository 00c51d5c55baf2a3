from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from local.cost.audit import Audit
from local.cost.audit_file import audit_file
from local.cost.audit_file import run as audit
from local.cost.audit_tables import sentences
from local.cost.errors import CostError
from local.cost.price_book import PriceBook
from tests.unit.cost.test_cost_commands import answer, run

F = Fraction
HEAD = 'rate = 0\nworkload = "qrcode"\n'
NODES = '[configuration]\nname = "web"\n[configuration.nodes]\ninstance = "c8g.large"\ncount = 7\n'


def audited(book: PriceBook, name: str) -> Audit:
    return audit(audit_file(name), book)


def test_the_report_s_122_cents_are_reproduced_exactly_as_they_were_computed(book: PriceBook) -> None:
    report = audited(book, "report")
    assert report.arithmetic == "7 × 0.08 + 0.10 + 0.555 + 0.003 = 1.218, printed as 1.22"
    assert report.claimed == F("1.218")
    assert report.adds_up


def test_the_report_s_bill_had_the_nodes_right_and_the_database_at_aurora_s_rate(book: PriceBook) -> None:
    found = {finding.item: finding for finding in audited(book, "report").findings}
    assert {name: finding.verdict for name, finding in found.items()} == {
        "nodes": "right", "cluster": "right", "database": "mispriced", "alb": "mispriced",
        "node-disks": "left out", "fleet-addresses": "left out", "alb-capacity": "left out", "ipv4": "left out",
        "database-storage": "left out", "proxy": "left out", "secrets": "left out",
        "container-insights": "left out", "alarms": "left out", "nat": "left out",
    }  # fmt: skip
    assert found["nodes"].true == F("0.55832")
    assert (found["database"].true, found["database"].difference) == (F("0.478"), F("-0.077"))
    assert "near aurora-mysql's 0.553" in found["database"].remark
    assert (found["alb"].true, found["proxy"].true) == (F("0.0225"), F("0.06"))
    assert found["node-disks"].true + found["database-storage"].true == (140 * F("0.08") + 100 * F("0.115")) / 730
    assert found["alb-capacity"].true == F("99.059") * F("3.6") * F("0.008")
    assert found["alb-capacity"].follows_rate


def test_the_truth_is_the_sum_of_the_findings(book: PriceBook) -> None:
    for name in ("report", "team-2022"):
        report = audited(book, name)
        assert sum(finding.true or 0 for finding in report.findings) == report.true
        assert report.standing < report.true


def test_the_2022_team_s_items_are_not_known_so_they_are_not_called_left_out(book: PriceBook) -> None:
    team = audited(book, "team-2022")
    assert {finding.verdict for finding in team.findings} == {"not itemised"}
    assert (team.claimed, team.adds_up, team.arithmetic) == (F("1.28"), None, "1.28, not itemised")
    assert round(float(team.standing), 2) == 1.28


def write(path: Path, text: str) -> str:
    file = path / "audit.toml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[claim]]\namount = 1", "line 3: claim 1: item: is missing"),
        ('[[claim]]\nname = ""\namount = 1', "item: is missing"),
        ('[[claim]]\nitem = "nodes"\nprice = "ec2 t3.nano"\namount = 1', "give one of item, items and price"),
        ('[[claim]]\nprice = "ec2"\namount = 1', "price: must be a service and a dimension"),
        ('[[claim]]\nprice = "vpc nat-hours"\nusage = 1\nquantity = 1\namount = 1', "either a quantity .* or a usage"),
        ('[[claim]]\nitem = "nodes"\nusage = 744\namount = 1', "usage: goes with a price"),
        ('[[claim]]\nitem = "nodes"\namount = "12,34"', "'12,34' is not one amount"),
        ('[[claim]]\nitem = "nodes"\namount = 1\nper = "year"', "per: must be one of hour, day, month, million"),
        ('[[claim]]\nitems = ["alb", "alb"]\namount = 1', "items: must be a list of different items"),
        ('[[claim]]\nitem = "nodes"\namount = 1\ndiscount_percent = 101', "discount_percent: must be from 0 to 100"),
        ('[[other]]\nname = "tax"', "other 1: amount: is missing"),
        ("[[other]]\nname = 1\namount = 1", "other 1: name: must be a text"),
        ('[[claim]]\nitem = "nodes"', "either an amount, or a quantity and a unit_price"),
        ('[[claim]]\nitem = "nodes"\namount = -1', "must be from 0 to"),
        ('[[claim]]\nitem = "nodes"\namount = "much"', "'much' is not one amount"),
        ('[[claim]]\nitem = "nodes"\namount = true', "must be a number"),
        ('[[claim]]\nitem = "nodes"\namount = 1\ncolour = 1', "colour: is not known"),
        ('[[claim]]\nitem = "nodes"\namount = 1\n[[claim]]\nitem = "nodes"\namount = 1', "nodes is claimed twice"),
    ],
)
def test_a_wrong_claim_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CostError, match=message):
        audit_file(write(tmp_path, HEAD + text + "\n" + NODES))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1\n", "line 1: colour: is not known"),
        ('configuration = "report-eks-nodes"\n', "rate: is missing"),
        (f"colour = 1\n{HEAD}{NODES}", "colour: is not known"),
        (f"rate = 0\n{NODES}", "workload: is missing, and the configuration names none"),
        ("rate = 0\nconfiguration = 3\n", "configuration: must be a name or a table"),
        (f"claim = 3\n{HEAD}{NODES}", r"claim: must be \[\[claim\]\] tables"),
        ('rate = true\nconfiguration = "report-eks-nodes"\n', "rate: must be a number"),
        ("rate = 0\n", "has nothing to check"),
        ('rate = 1\nregion = 3\nconfiguration = "report-eks-nodes"\n', "line 2: region: must be a name"),
        (
            'rate = 1\nhours = 744\nconfiguration = "report-eks-nodes"\n',
            "line 2: hours: must be over 0 and at most 730",
        ),
        ('rate = 1\nhours = inf\nconfiguration = "report-eks-nodes"\n', "hours: must be from 0"),
    ],
)
def test_a_wrong_audit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CostError, match=message):
        audit_file(write(tmp_path, text))


def test_a_claim_for_what_the_configuration_does_not_have_is_not_checked_and_the_rest_is(
    tmp_path: Path, book: PriceBook
) -> None:
    nat = '[[claim]]\nitem = "nat"\namount = 1\n[[claim]]\nitem = "unicorns"\namount = 2\n'
    file = write(tmp_path, f'{HEAD}{nat}[[claim]]\nitem = "nodes"\nquantity = 7\nunit_price = 0.08\n{NODES}')
    found = audited(book, file)
    assert [finding.verdict for finding in found.findings[:3]] == ["not checked", "not checked", "right"]
    assert "nat is no item of this configuration, which has cluster, nodes" in found.findings[0].remark
    assert "'unicorns' is no item of a bill" in found.findings[1].remark
    assert (found.usage, found.covered) == (F("3.56"), F("0.56"))
    assert "The total covers 1 of 3 claims; $3.0000 are not checked: nat, unicorns." in sentences(found)
    with pytest.raises(CostError, match="line 3: nat cannot be checked"):
        audit(audit_file(file), book, strict=True)


def test_the_configuration_may_be_a_file_beside_the_audit(tmp_path: Path, book: PriceBook) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\n[registry]\ngb = 1\n')
    file = write(tmp_path, f'{HEAD}configuration = "mine.toml"\ntotal = 0.00')
    report = audited(book, file)
    assert report.bill.configuration == "mine"
    assert report.printed_total == Decimal("0.00")


def test_the_workload_may_be_a_file_beside_the_audit_too(tmp_path: Path, book: PriceBook) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\nsource = "measured"\nmeasured = true\ncpu_ms = 1\n')
    file = write(tmp_path, f'rate = 0\nworkload = "own.toml"\n[[claim]]\nitem = "nodes"\namount = 0.56\n{NODES}')
    assert audited(book, file).bill.workload == "own"
    mix = write(tmp_path, f'rate = 0\nworkload = {{ "own.toml" = 1, qrcode = 1 }}\n{NODES}')
    assert audited(book, mix).bill.workload == "50 % own + 50 % qrcode"


def test_claims_that_do_not_add_up_to_the_printed_total_are_noticed(tmp_path: Path, book: PriceBook) -> None:
    file = write(tmp_path, f'{HEAD}total = 0.70\n[[claim]]\nitem = "nodes"\nquantity = 7\nunit_price = 0.08\n{NODES}')
    assert audited(book, file).adds_up is False


def test_a_wrong_count_is_no_wrong_price(tmp_path: Path, book: PriceBook) -> None:
    file = write(tmp_path, f'{HEAD}[[claim]]\nitem = "nodes"\nquantity = 6\nunit_price = 0.08\n{NODES}')
    finding = audited(book, file).findings[0]
    assert (finding.verdict, finding.remark) == ("miscounted", "7 nodes, not 6")


def test_an_audit_says_what_traffic_to_the_internet_would_add() -> None:
    found = answer("audit", "report")
    gigabytes = 99_059 * 3600 * 730 * 700 / 10**9  # 700 bytes a response
    tiers = ((100, 0.0), (10_240, 0.09), (51_200, 0.085), (153_600, 0.07), (gigabytes, 0.05))
    cost, floor = 0.0, 0.0
    for bound, price in tiers:
        cost, floor = cost + (bound - floor) * price, bound
    assert found["to_internet"] == pytest.approx(cost / 730)


def test_an_audit_gives_a_reading_for_each_place_that_clients_may_be_in() -> None:
    found = answer("audit", "report")
    between_zones = 99_059 * 3600 * 1000 / 10**9 * 2 * 0.01  # 1,000 bytes both ways, billed on either side
    assert found["readings"] == {
        "clients in the same zone": pytest.approx(found["true"]),
        "clients in other zones of the region": pytest.approx(found["true"] + between_zones),
        "clients on the Internet": pytest.approx(found["true"] + found["to_internet"]),
    }
    assert "The bill does not say who asked" in run("audit", "report").output
