"""A connection's deadline, where no server is needed to see it."""

from __future__ import annotations

import pytest
from pymysql.err import OperationalError

from crossover_mysql.connection import CONNECT_FAILED, DeadlineConnection


def test_a_connect_whose_deadline_has_passed_is_reported_as_timed_out() -> None:
    with pytest.raises(OperationalError, match=rf"{CONNECT_FAILED}.*timed out"):
        DeadlineConnection(host="127.0.0.1", port=1, user="me", connect_timeout=1e-9)
