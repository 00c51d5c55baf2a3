"""Settings: read, bounded, documented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from container.settings import ContainerSettings
from crossover.settings import Documented, SettingError, documented, load, setting


@dataclass(frozen=True)
class Group:
    name: str = setting("nobody", "who", 1, 5)
    count: int = setting(3, "how many", 1, 9)
    share: float = setting(0.5, "how much", 0, 1)
    many: int = setting(1000, "how many at most", 1, 10_000_000)


def test_defaults_stand_where_nothing_is_given_or_it_is_empty() -> None:
    assert load(Group, {"NAME": "", "OTHER": "x"}) == Group("nobody", 3, 0.5)


def test_values_are_read_by_their_type() -> None:
    assert load(Group, {"NAME": "me", "COUNT": "9", "SHARE": "1"}) == Group("me", 9, 1.0)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("COUNT", "0", "COUNT takes a whole number from 1 to 9"),
        ("COUNT", "10", "COUNT takes a whole number from 1 to 9"),
        ("COUNT", "two", "COUNT takes a whole number from 1 to 9"),
        ("COUNT", "1.5", "COUNT takes a whole number from 1 to 9"),
        ("SHARE", "nan", "SHARE takes a number from 0 to 1"),
        ("MANY", "0", "MANY takes a whole number from 1 to 10000000"),
        ("NAME", "longer", "NAME takes printable text of 1 to 5 characters"),
        ("NAME", "a\nb", "NAME takes printable text of 1 to 5 characters"),
    ],
)
def test_a_value_out_of_bounds_names_its_variable(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingError, match=f"^{message}$"):
        load(Group, {variable: value})


def test_every_setting_is_documented_with_its_default() -> None:
    assert next(iter(documented(Group))) == Documented("NAME", "nobody", "who")


def test_services_are_chosen_by_name_once_each() -> None:
    assert ContainerSettings(crossover_services="qrcode, qrcode,").service_names() == ["qrcode"]
    assert "qrcode" in ContainerSettings().service_names()


def test_a_service_that_is_not_in_the_bundle_is_refused() -> None:
    with pytest.raises(SettingError, match="not 'weather'"):
        ContainerSettings(crossover_services="weather").service_names()


def test_a_report_that_is_not_there_is_refused_before_the_start(tmp_path: Path) -> None:
    report = tmp_path / "index.html"
    assert ContainerSettings().report_file() is None
    with pytest.raises(SettingError, match="PAGE_REPORT takes an HTML file"):
        ContainerSettings(page_report=str(report)).report_file()
    report.write_text("")
    assert ContainerSettings(page_report=str(report)).report_file() == report
