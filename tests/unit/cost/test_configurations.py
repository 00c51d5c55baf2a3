from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from local.cost import files
from local.cost.errors import CostError
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.resources.fargate import Fargate
from local.cost.workload import Mix
from tests.unit.cost.conftest import configured, some_work

F = Fraction


@pytest.mark.parametrize("name", files.shipped(files.CONFIGURATIONS))
def test_every_shipped_configuration_can_be_priced(name: str, book: PriceBook) -> None:
    configuration = files.configuration(name)
    assert configuration.heading.about
    assert configuration.heading.source
    weights = configuration.workload or {"qrcode": F(1)}
    bill = cheapest(configuration, files.mix(weights), F(100), book)
    assert bill.serves
    assert bill.month > 0


@pytest.mark.parametrize("name", files.shipped(files.WORKLOADS))
def test_every_shipped_workload_says_what_was_assumed(name: str) -> None:
    work = files.workload(name)
    assert not work.measured
    assert "assumed" in work.source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "test.toml: has nothing to price"),
        ("[nodez]\n", "test.toml: nodez: is not known; known are name, about"),
        ("[nodes]\n", "test.toml: nodes.instance: is missing"),
        ('[nodes]\ninstance = "c8g.large"\ncolour = 1', "test.toml: nodes.colour: is not known; known are inst"),
        ('[nodes]\ninstance = ""', "nodes.instance: must be a text in quotes"),
        ('[nodes]\ninstance = 3', "nodes.instance: must be a text in quotes"),
        ('[nodes]\ninstance = "c8g.large"\ncount = 0', "nodes.count: must be from 1 to 1,000,000"),
        ('[nodes]\ninstance = "c8g.large"\ncount = 1.5', 'nodes.count: must be a whole number or "fit"'),
        ('[nodes]\ninstance = "c8g.large"\ncount = "fits"', 'nodes.count: must be a whole number or "fit"'),
        ('[nodes]\ninstance = "c8g.large"\ndisk_gb = nan', "nodes.disk_gb: must be a finite number"),
        ('[nodes]\ninstance = "c8g.large"\ndisk_gb = true', "nodes.disk_gb: must be a number"),
        ('[nodes]\ninstance = "c8g.large"\nextended_support = 1', "nodes.extended_support: must be true or false"),
        ('[nodes]\ninstance = "c8g.large"\nspare = [1, 2]', "nodes.spare: must be a single value"),
        ('[nodes]\ninstance = []', "nodes.instance: must be a single value"),
        ('[nodes]\ninstance = "c8g.large"\n[lambda]\nmemory_mb = 128', "has lambda and nodes; one"),
        ("nodes = 3", "test.toml: nodes: must be a table"),
        ('workload = 3\n[registry]', "test.toml: workload: must be the name of a workload, or a table"),
        ('workload = {qrcode = -1}\n[registry]', "test.toml: workload: must be the name of a workload, or a table"),
        ('region = 3\n[registry]', "test.toml: heading.region: must be a text"),
        ("[lambda]\nmemory_mb = 64", "lambda.memory_mb: must be from 128 to 10,240"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_with_file_and_key(text: str, message: str) -> None:
    with pytest.raises(CostError) as refused:
        configured(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_too_many_choices_are_refused() -> None:
    many = ", ".join(str(memory) for memory in range(128, 1000))
    with pytest.raises(CostError, match="combine to 872 choices; at most 500"):
        configured(f"[lambda]\nmemory_mb = [{many}]")


def test_lists_are_choices_and_the_cheapest_that_serves_is_taken(book: PriceBook) -> None:
    configuration = configured(
        '[fargate]\norchestrator = "ecs"\narchitecture = ["arm64", "x86_64"]\nvcpu = [0.25, 4]\ncount = 2'
    )
    assert len(configuration.choices) == 4
    mix = Mix.of([(some_work(), F(1))])
    assert cheapest(configuration, mix, F(90), book).configuration == "a test (architecture arm64, vcpu 0.25)"
    assert cheapest(configuration, mix, F(1000), book).configuration == "a test (architecture arm64, vcpu 4)"
    assert not cheapest(configuration, mix, F(10**6), book).serves
    part = configuration.choices[0].resources["fargate"]
    assert isinstance(part, Fargate)
    assert part.vcpu == F(1, 4)


@pytest.mark.parametrize(
    ("rate", "hours", "message"),
    [(-1, 730, "rate must be"), (10**9, 730, "rate must be"), (1, 0, "hours must be"), (1, 731, "hours must be")],
)
def test_a_rate_or_hours_out_of_range_are_refused(book: PriceBook, rate: int, hours: int, message: str) -> None:
    configuration = configured("[registry]\ngb = 1")
    with pytest.raises(CostError, match=message):
        cheapest(configuration, Mix.of([(some_work(), F(1))]), F(rate), book, Usage(F(hours)))


def test_a_region_without_prices_is_refused(book: PriceBook) -> None:
    configuration = configured('region = "mars-1"\n[registry]\ngb = 1')
    with pytest.raises(CostError, match=r"no price in mars-1 of ecr storage"):
        cheapest(configuration, Mix.of([(some_work(), F(1))]), F(1), book)


def test_a_mix_has_shares_that_sum_to_one() -> None:
    mix = Mix.of([(some_work(name="a"), F(3)), (some_work(name="b"), F(1)), (some_work(name="c"), F(0))])
    assert [share for _, share in mix.shares] == [F(3, 4), F(1, 4)]
    assert mix.name == "75 % a + 25 % b"
    assert mix.assumed
    with pytest.raises(CostError, match="more than 0"):
        Mix.of([(some_work(), F(0))])


def test_files_are_found_by_path_or_shipped_name_and_refused_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[registry]\ngb = 1\n')
    assert files.configuration(str(path)).name == "mine"
    with pytest.raises(CostError, match="nowhere: is neither a configuration file"):
        files.configuration("nowhere")
    with pytest.raises(CostError, match="is a directory"):
        files.toml(tmp_path)
    path.write_bytes(b"\xff")
    with pytest.raises(CostError, match="is not TOML"):
        files.configuration(str(path))
    path.write_text("#" * (files.MAX_BYTES + 1))
    with pytest.raises(CostError, match="it has more than 1,000,000 bytes"):
        files.configuration(str(path))
    path.write_text("a = " + "[" * 100_000)
    with pytest.raises(CostError, match="is not TOML"):
        files.configuration(str(path))


def test_a_workload_file_is_checked_like_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nsource = "a test"\ncpu_ms = 1\nlambda_ms = { 128 = "long" }\n')
    with pytest.raises(CostError, match=r"mine\.toml: workload\.lambda_ms\.128: must be a number"):
        files.workload(str(path))
    path.write_text('name = "mine"\nsource = "a test"\ncpu_ms = 1\nlambda_ms = 3\n')
    with pytest.raises(CostError, match="must be a table of names and numbers"):
        files.workload(str(path))
