"""The figures of a divided store beside one database, of a small one."""

from __future__ import annotations

import pytest

from local.data.mysql import programs
from local.measure.shards import main


@pytest.mark.skipif(programs.find() is None, reason="NOT RUN: no MariaDB or MySQL server on this machine")
def test_load_shares_and_fetches_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(300, 2, 40)
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    one, two = (int(row[1].replace(",", "")) for row in rows[2:4])
    parts = [row for row in rows if row[0].startswith("records in database")]
    assert sum(int(row[1].replace(",", "")) for row in parts) == one == two > 0
    assert sum(float(row[2]) for row in parts) == pytest.approx(100, abs=0.2)
    fetches = [row for row in rows if row[0] in ("one", "2") and len(row) == 3]
    assert len(fetches) == 6
    assert all(float(row[1].replace(",", "")) > 0 for row in fetches)
    assert rows[-1] == [f"Back into one database: {one:,} records in {rows[-1][0].rpartition('in ')[2]}"]
