"""The course project's gap of Fargate against nodes, beside the model's."""

from __future__ import annotations

from fractions import Fraction

from local.cost import files
from local.report import gap
from local.report.payload import plain_json, speeds_of

F = Fraction


def test_the_measured_gap_is_per_vcpu() -> None:
    assert [one.gap for one in gap.REPORT] == [F(70_000, 12) / F(9_000, 8), F(90_000, 12) / 1000, F(5_000, 12) / 250]


def test_the_model_s_gap_is_that_of_its_speeds_and_their_bounds() -> None:
    assert gap.model_gap() == (1 / F("0.6"), 1 / F("0.8"), 1 / F("0.34"))
    assert "served 5.2 to 7.5 times as much" in gap.sentence()
    assert "The model takes 1.67 (1.25 to 2.94) times" in gap.sentence()


def test_the_speed_that_the_page_names_brings_the_model_to_the_measured_gap() -> None:
    taken, measured = gap.model_gap()[0], gap.REPORT[0].gap
    assert round(float(taken / measured), 2) == 0.32
    assert "set fargate.speed to 0.22 to 0.32" in gap.sentence()


def test_a_choice_says_between_what_its_fleet_s_speed_lies() -> None:
    fargate, nodes, functions = (
        files.configuration(name).choices[0] for name in ("ecs-fargate", "eks-nodes", "lambda-url")
    )
    assert speeds_of(fargate) == {"fargate.speed": plain_json([F(34, 63), F(100, 63)])}
    assert speeds_of(nodes) == {}  # c8g is what the others are measured by
    assert speeds_of(functions) == {}  # measured durations are taken as they are
