"""Traffic out of shapes and files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from local.errors import UserError
from local.simulate.readers import read
from local.simulate.traffic import DAY, MAX_RATE, SHAPES, Traffic, from_counts, shape

ALB = (
    'https 2026-11-27T12:00:0{second}.186641Z app/lb/1 192.0.2.1:28 10.0.0.1:80 0 0 0 200 200 34 36 "GET / HTTP/1.1"\n'
)


def write(folder: Path, text: str, name: str = "traffic.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_a_day_that_reaches_its_peak_and_no_more(name: str) -> None:
    day = shape(name, 500)
    assert len(day.rates) == DAY
    assert day.peak == pytest.approx(500)
    assert min(day.rates) >= 0


def test_a_flash_crowd_is_there_within_half_a_minute() -> None:
    day = shape("flash-crowd", 1000)
    assert day.rates[12 * 3600 - 1] == pytest.approx(50)
    assert day.rates[12 * 3600 + 30] == pytest.approx(1000)


def test_coarser_steps_keep_the_requests() -> None:
    day = shape("office-day", 100)
    assert day.coarser(60).requests == pytest.approx(day.requests)


def test_a_csv_with_a_heading_gives_rates_of_its_intervals(tmp_path: Path) -> None:
    day = read(write(tmp_path, "time,requests\n2026-11-27T12:00:00Z,600\n2026-11-27T12:01:00Z,1200\n"))
    assert (day.coarser(60).rates, day.step, day.start) == ((10.0, 20.0), 5.0, 12 * 3600)


def test_times_of_the_day_and_a_gap_between_them(tmp_path: Path) -> None:
    day = read(write(tmp_path, "08:00,60\n08:01,60\n08:04,120\n"))
    assert day.coarser(60).rates == (1.0, 1.0, 0.0, 0.0, 2.0)


@pytest.mark.parametrize("zipped", [False, True])
def test_an_alb_log_is_counted_by_the_second(tmp_path: Path, zipped: bool) -> None:
    text = "".join(ALB.format(second=second) for second in (0, 0, 2))
    path = write(tmp_path, text, "alb.log")
    if zipped:
        path.write_bytes(gzip.compress(text.encode()))
    assert read(path).rates == (2.0, 0.0, 1.0)


def test_a_cloudfront_log_names_its_columns(tmp_path: Path) -> None:
    rows = "".join(f"FRA2\t2026-11-27\t10:00:0{second}\t200\n" for second in (1, 1, 3))
    day = read(write(tmp_path, f"#Version: 1.0\n#Fields: x-edge-location date time sc-status\n{rows}"))
    assert day.rates == (2.0, 0.0, 1.0)


def test_exports_of_cloudwatch(tmp_path: Path) -> None:
    times = ["2026-11-27T00:00:00+00:00", "2026-11-27T00:05:00+00:00"]
    points = [{"Timestamp": time, "Sum": 300.0, "Unit": "None"} for time in reversed(times)]
    statistics = write(tmp_path, json.dumps({"Label": "RequestCount", "Datapoints": points}), "a.json")
    data = write(tmp_path, json.dumps({"MetricDataResults": [{"Timestamps": times, "Values": [300, 300]}]}), "b.json")
    assert read(statistics).rates == read(data).rates == (1.0,) * 120


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00\x01" * 9, "is not text"),
        (b"\x1f\x8b\x08broken", "damaged|not a gzip|unknown|cut off"),
        (b"time,requests\n12:00,1\nnoon,2\n", "cannot read the row"),
        (b"12:00,1\n", "at least two rows"),
        (b"12:00,1\n12:00,2\n", "same time"),
        (b"12:00,-1\n12:01,2\n", "negative"),
        (b"12:00,nan\n12:01,2\n", "not a number"),
        (b"2020-01-01,1\n2026-01-01,1\n", "spans"),
        (b'{"Datapoints": [{}]}', "no export of CloudWatch"),
        (b"{", "no export of CloudWatch"),
        (b"x" * 70_000, "over 65,536 characters"),
        (b"#Fields: a b\n1\t2\n", "no date and time"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "traffic"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as refused:
        read(path)
    assert "\n" not in str(refused.value)


def test_rates_are_bounded() -> None:
    with pytest.raises(UserError, match="beyond"):
        Traffic("too much", (MAX_RATE * 2,))
    with pytest.raises(UserError, match="no traffic"):
        Traffic("nothing", ())


def test_counts_may_come_in_any_order() -> None:
    assert from_counts("a", [60, 0], [120, 60]).coarser(60).rates == (1.0, 2.0)
