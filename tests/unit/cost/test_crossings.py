from __future__ import annotations

import math
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.crossings import Crossing, cheapest_ranges, crossings
from local.cost.errors import CostError
from local.cost.lines import Line, Piece, line_of
from local.cost.price_book import PriceBook
from local.cost.workload import Mix, ServiceWork
from tests.unit.cost.conftest import configured, some_work

F = Fraction
WEB_TIER = '[nodes]\ninstance = "c8g.large"\ncount = 7\ndisk_gb = 0'


def line(name: str, *pieces: tuple[int, int, int | str, int | str]) -> Line:
    return Line(name, tuple(Piece(F(start), F(until), F(base), F(slope), name) for start, until, base, slope in pieces))


def drawn(text: str, work: ServiceWork, book: PriceBook, top: int = 2000) -> Line:
    return line_of(configured(text), Mix.of([(work, F(1))]), book, F(top))


def test_two_lines_meet_at_an_exact_rate() -> None:
    assert crossings(line("fee", (0, 10, 0, 3)), line("fixed", (0, 10, 7, 0))) == [
        Crossing(F(7, 3), "fee", "fixed", F(7), step=False)
    ]


def test_a_step_can_jump_over_a_line_and_be_caught_up_with_again() -> None:
    stairs = line("stairs", (0, 4, 1, 0), (4, 8, 6, 0))
    found = crossings(line("fee", (0, 8, 0, 1)), stairs)
    assert [(one.rate, one.below, one.above, one.step) for one in found] == [
        (1, "fee", "stairs", False),
        (4, "stairs", "fee", True),
        (6, "fee", "stairs", False),
    ]
    assert found[1].cost == 1


def test_lines_that_only_touch_do_not_cross() -> None:
    bent = line("bent", (0, 5, 10, -1), (5, 10, 0, 1))
    assert crossings(line("level", (0, 10, 5, 0)), bent) == []


def test_lines_that_run_together_for_a_while_cross_where_they_part() -> None:
    together = line("bent", (0, 4, 8, -1), (4, 6, 4, 0), (6, 10, 10, -1))
    (found,) = crossings(line("level", (0, 10, 4, 0)), together)
    assert (found.rate, found.above, found.step) == (6, "bent", False)


def test_equal_lines_never_cross() -> None:
    assert crossings(line("a", (0, 10, 1, 1)), line("b", (0, 10, 1, 1))) == []


def test_a_crossing_at_the_end_of_a_piece_is_found_once() -> None:
    found = crossings(line("fee", (0, 5, 0, 1), (5, 10, 0, 1)), line("fixed", (0, 10, 5, 0)))
    assert [one.rate for one in found] == [5]


def test_nothing_crosses_beyond_the_end_of_a_line() -> None:
    assert crossings(line("fee", (0, 10, 0, 1)), line("small", (0, 4, 5, 0))) == []


def test_the_cheapest_platform_is_named_for_every_rate() -> None:
    lines = [line("fee", (0, 10, 0, 1)), line("small", (0, 4, 2, 0)), line("large", (0, 10, 6, 0))]
    ranges = [(piece.start, piece.until, piece.label) for piece in cheapest_ranges(lines)]
    assert ranges == [(0, 2, "fee"), (2, 4, "small"), (4, 6, "fee"), (6, 10, "large")]


@pytest.mark.parametrize(("memory", "milliseconds", "about"), [(128, 5, 870), (1024, 20, 340)])
def test_lambda_crosses_the_report_s_fixed_web_tier_between_some_340_and_870_requests(
    book: PriceBook, memory: int, milliseconds: int, about: int
) -> None:
    work = some_work(lambda_ms={str(memory): F(milliseconds)}, cpu_ms=F(1000, 7076))
    function = drawn(f'[lambda]\nmemory_mb = {memory}\narchitecture = "x86_64"\nsystem_log_bytes = 0', work, book)
    (found,) = crossings(function, drawn(WEB_TIER, work, book))
    assert math.isclose(found.rate, about, rel_tol=0.02)
    assert found.cost == F("0.65832")


def test_the_request_fee_alone_passes_two_fargate_tasks_and_an_alb_at_about_59_requests(book: PriceBook) -> None:
    work = some_work(
        lambda_ms={"128": F(1, 10**9)},
        lambda_billed_ms={"128": F(1, 10**9)},
        requests_per_connection=10**11,
        cpu_ms=F(1000, 7076),
    )
    tasks = '[fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 0.25\nmemory_gb = 0.5\n'
    balanced = tasks + '[ingress]\nkind = "alb"\ninternal = true'
    (found,) = crossings(
        drawn("[lambda]\nmemory_mb = 128\nsystem_log_bytes = 0", work, book), drawn(balanced, work, book)
    )
    assert round(found.rate, 1) == F("58.7")


def test_a_line_ends_where_its_fixed_fleet_has_lost_its_spare(book: PriceBook) -> None:
    fixed = drawn(WEB_TIER, some_work(), book, top=10**6)
    assert fixed.end == 6 * F("1.78") * F("0.6") * 1000
    assert fixed.at(fixed.end) == F("0.65832")
    assert fixed.at(fixed.end + 1) is None


def test_a_fleet_that_follows_the_rate_is_a_step_function(book: PriceBook) -> None:
    work = some_work(cpu_ms=1)
    steps = drawn('[fargate]\norchestrator = "ecs"\nvcpu = 1\nutilisation = 0.5', work, book)
    assert [(piece.start, piece.until) for piece in steps.pieces] == [
        (0, 300),
        (300, 600),
        (600, 900),
        (900, 1200),
        (1200, 1500),
        (1500, 1800),
        (1800, 2000),
    ]
    assert all(piece.slope == 0 for piece in steps.pieces)


def test_a_configuration_that_never_serves_has_no_line(book: PriceBook) -> None:
    empty = drawn("[lambda]\nmemory_mb = 128", some_work(memory_mb=4000), book)
    assert (empty.pieces, empty.end) == ((), 0)
    assert crossings(empty, drawn(WEB_TIER, some_work(), book)) == []


def test_a_line_of_too_many_pieces_is_refused(book: PriceBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.cost.lines.MAX_PIECES", 10)
    with pytest.raises(CostError, match="over 10 pieces up to 2,000 requests/s; ask for a lower rate"):
        drawn('[fargate]\norchestrator = "ecs"\nvcpu = 0.25', some_work(cpu_ms=10), book)


def test_lambda_is_cheapest_first_and_ecs_fargate_after_it_at_the_assumed_work(book: PriceBook) -> None:
    mix = files.mix({"qrcode": F(1)})
    lines = [
        line_of(files.configuration(name), mix, book, F(500)) for name in ("lambda-url", "ecs-fargate", "eks-nodes")
    ]
    assert [piece.label for piece in cheapest_ranges(lines)] == ["Lambda, Function URL", "ECS Fargate"]
