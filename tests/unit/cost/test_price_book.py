from __future__ import annotations

import ast
import re
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from local.cost import files
from local.cost.errors import CostError, NoPrice
from local.cost.formulas import RATE, evaluate, open_input
from local.cost.instances import memory_gib, split, units, vcpus
from local.cost.linear import Linear, at_rate
from local.cost.price_book import ALL, STALE_AFTER_DAYS, Price, PriceBook, PriceTier
from local.cost.price_file import render

REGION = "us-east-1"
COST = Path(files.__file__).parent
HEAD = f'region = "{REGION}"\n[[list]]\nservice = "x"\nunit = "y"\nsource = "z"\nread = "2026-01"\ncertainty = "firm"\n'


def row(*tiers: tuple[int | None, str], **changes: object) -> Price:
    given = {
        "service": "some", "dimension": "thing", "unit": "thing", "per": 1, "region": REGION, "source": "a test",
        "read": "2026-09-19", "certainty": "firm",
        "tiers": tuple(PriceTier(None if upto is None else Fraction(upto), Fraction(price)) for upto, price in tiers),
    }  # fmt: skip
    return Price(**{**given, **changes})  # type: ignore[arg-type]


def test_each_file_is_the_canonical_text_of_its_region(book: PriceBook) -> None:
    for path in files.price_files():
        assert path.read_text() == render(book.of_region(path.stem)), path.name


def test_a_region_has_no_price_that_its_file_does_not_say(book: PriceBook) -> None:
    assert book.regions == ["ap-southeast-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]
    assert {price.service for price in book.of_region(ALL)} == {
        "lambda", "lambda-managed-instances", "rds", "elasticache", "vpc", "cloudwatch", "secrets-manager",
        "cloudfront", "savings-plans",
    }  # fmt: skip
    assert book.price("fargate", "vcpu-x86_64", "eu-central-1").single == Fraction("0.04656")
    assert book.price("lambda", "free-requests", "eu-central-1").region == ALL
    with pytest.raises(NoPrice, match="no price of elb nlb-hours in eu-central-1: it has alb-capacity, alb-hours; "):
        book.price("elb", "nlb-hours", "eu-central-1")


def test_every_row_says_where_and_when_it_was_read(book: PriceBook) -> None:
    for price in book.rows:
        assert price.source
        assert re.fullmatch(r"\d{4}-\d\d(-\d\d)?|unknown", price.read), price.name
        assert price.read != "unknown" or price.certainty == "weak", price.name


def test_no_price_stands_in_the_code() -> None:
    """Every price has decimals, so no number with decimals may stand in a module, nor in a configuration's prices."""
    for path in COST.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant):
                assert not isinstance(node.value, float), f"{path.name}:{node.lineno}: {node.value}"
                if isinstance(node.value, str):
                    assert not re.fullmatch(r"\s*\$?\d*\.\d+\s*", node.value), (
                        f"{path.name}:{node.lineno}: {node.value}"
                    )


def test_no_price_stands_in_a_configuration_or_a_work() -> None:
    for folder in (files.CONFIGURATIONS, files.WORKLOADS):
        for path in folder.glob("*.toml"):
            assert not re.search(r"price|amount|dollar", "\n".join(re.findall(r"^\w+ *=", path.read_text(), re.M))), (
                path
            )


def test_a_price_is_charged_by_what_it_buys() -> None:
    assert row((None, "0.20"), per=1_000_000).charge(Fraction(5_000_000)) == 1


def test_tiers_are_charged_one_after_the_other() -> None:
    tiered = row((100, "1"), (300, "0.5"), (None, "0.1"))
    assert tiered.charge(Fraction(100)) == 100
    assert tiered.charge(Fraction(400)) == 100 + 100 + 10
    assert tiered.charge(Fraction(100), before=Fraction(250)) == 25 + 5


def test_a_tiered_charge_holds_down_to_where_its_tier_begins() -> None:
    open_charge = row((100, "1"), (None, "0.5")).charge(open_input(RATE) * 2)
    charge = evaluate(open_charge, {RATE: at_rate(Fraction(300))})
    assert isinstance(charge, Linear)
    assert (charge.value, charge.slope, charge.start) == (350, 1, 50)


def test_two_rows_for_one_thing_are_refused() -> None:
    with pytest.raises(CostError, match="two rows for some thing"):
        PriceBook([row((None, "1")), row((None, "2"))])


def test_a_price_that_is_not_there_is_refused_with_what_is(book: PriceBook) -> None:
    with pytest.raises(
        CostError,
        match=r"no price of dax dax\.zz\.large in us-east-1: it has dax\.r4\.large, dax\.r5\.large, dax\.t3\.small",
    ):
        book.price("dax", "dax.zz.large", REGION)
    with pytest.raises(
        CostError, match=r"the book has nothing of eks there; .* --region mars-1 .*, or choose one of ap"
    ):
        book.price("eks", "cluster", "mars-1")


def test_the_single_price_of_a_tiered_row_is_refused(book: PriceBook) -> None:
    with pytest.raises(CostError, match="priced in tiers"):
        _ = book.price("lambda", "gb-seconds-arm64", REGION).single


def test_a_size_that_is_not_listed_is_derived_within_its_family_and_marked(book: PriceBook) -> None:
    derived = book.price("ec2", "c8g.4xlarge", REGION)
    assert derived.single == Fraction("0.63808")
    assert (derived.certainty, derived.derived_from) == ("derived", "c8g.2xlarge")
    assert book.price("rds-mysql", "db.r7g.4xlarge", REGION).single == Fraction("1.912")
    with pytest.raises(CostError):
        book.price("ec2", "c4.large", REGION)


def test_listed_sizes_of_a_family_are_priced_in_proportion_but_for_rounding(book: PriceBook) -> None:
    by_family: dict[tuple[str, str, str], list[tuple[Fraction, Fraction]]] = {}
    for price in book.rows:
        if (kind := split(price.dimension)) and kind.kind != "t":
            by_family.setdefault((price.service, kind.family, price.region), []).append(
                (price.single, units(kind.size))
            )
    for prices in by_family.values():
        each = [price / size for price, size in prices]
        assert max(each) <= min(each) * Fraction(1008, 1000), prices


def test_rds_for_mysql_is_not_aurora(book: PriceBook) -> None:
    mysql, aurora = (book.price(service, "db.r7g.xlarge", REGION) for service in ("rds-mysql", "aurora-mysql"))
    assert (mysql.single, aurora.single) == (Fraction("0.478"), Fraction("0.553"))
    for price in book.rows:
        if price.service == "rds-mysql":
            assert "Aurora" not in price.source


def test_a_price_is_stale_after_180_days_and_where_its_date_is_unknown() -> None:
    read = date(2026, 9, 19)
    price = row((None, "1"))
    assert not price.stale(read + timedelta(days=STALE_AFTER_DAYS))
    assert price.stale(read + timedelta(days=STALE_AFTER_DAYS + 1))
    assert row((None, "1"), read="2026-09").age_days(date(2026, 9, 30)) == 29
    assert row((None, "1"), read="unknown").stale(read)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[prices]\n", "may hold a region"),
        ("list = []\n", "must be the name of a region"),
        ('region = "US East"\n', "must be the name of a region"),
        ('region = "us-east-1"\nlist = 3\n', r"\[\[list\]\] tables only"),
        ('region = "us-east-1"\nlist = [3]\n', "list 1: must be a table"),
        (f"{HEAD}[list.prices]\n", "prices: is missing"),
        (f"{HEAD}[list.prices]\nx = -1\n", "x: must be a number of at least 0"),
        (f"{HEAD}[list.prices]\nx = nan\n", "x: must be a number of at least 0"),
        (f"{HEAD}[list.prices]\nx = {{ a = 1 }}\n", "x: must be a number of at least 0"),
        (f"{HEAD}[list.prices]\nx = [{{ price = 1, a = 1 }}]\n", "x: must be a price, or tiers"),
        (HEAD.replace("unit", "colour"), "colour: is not known"),
        (HEAD.replace('unit = "y"\n', "") + "[list.prices]\nx = 1\n", "unit: is missing"),
        (f"{HEAD}per = 1.5\n", "per: is missing, or no whole number"),
        ("not toml", "is not TOML"),
    ],
)
def test_a_broken_book_is_refused_by_its_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(CostError, match=message):
        files.price_book(path)


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ('certainty = "firm"', 'certainty = "sure"', "certainty"),
        ("upto = 6_000_000_000", "upto = 16_000_000_000", "must rise"),
        ("{ price = 0.0000133334 }", "{ upto = 20_000_000_000, price = 0.1 }", "only the last has no end"),
        ("{ upto = 6_000_000_000, price", "{ upto = true, price", "must be a number"),
    ],
)
def test_a_row_with_wrong_values_is_refused(tmp_path: Path, find: str, put: str, message: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text((files.PRICES / "us-east-1.toml").read_text().replace(find, put, 1))
    with pytest.raises(CostError, match=message):
        files.price_book(path)


def test_a_book_is_a_folder_or_one_file_of_a_region(tmp_path: Path) -> None:
    one = files.PRICES / "eu-west-1.toml"
    assert files.price_book(one).regions == ["eu-west-1"]
    assert files.price_file("eu-west-1", one) == one
    with pytest.raises(CostError, match=r"holds the prices of eu-west-1, not of us-west-2; give a folder"):
        files.price_file("us-west-2", one)
    assert files.price_file("us-west-2", tmp_path) == tmp_path / "us-west-2.toml"
    with pytest.raises(CostError, match="has no price files"):
        files.price_book(tmp_path)


@pytest.mark.parametrize(
    ("name", "cores", "memory"),
    [
        ("c8g.large", 2, 4),
        ("m8g.xlarge", 4, 16),
        ("db.r7g.xlarge", 4, 32),
        ("db.t4g.micro", 2, 1),
        ("c8g.medium", 1, 2),
        ("m7g.16xlarge", 64, 256),
    ],
)
def test_an_instance_type_has_the_vcpus_and_memory_of_its_family_and_size(name: str, cores: int, memory: int) -> None:
    assert (vcpus(name), memory_gib(name)) == (cores, memory)


@pytest.mark.parametrize("name", ["c8g", "c8g.huge", "c8g.1xlarge", "c8g.0xlarge", "x.large", "db.large", ""])
def test_what_is_no_instance_type_is_refused(name: str) -> None:
    assert split(name) is None
    with pytest.raises(CostError, match="no instance type"):
        vcpus(name)
