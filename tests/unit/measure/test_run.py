"""What ends a comparison: answers that are not right, in a burst as everywhere."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from local.errors import UserError
from local.measure.affinity import Cores
from local.measure.comparison.configuration import Configuration
from local.measure.comparison.functions import THROTTLED, Tally
from local.measure.comparison.run import Bench
from local.workloads.mix import Asked

ASKED = [Asked("/qrcode?type=encode&data=a", b"result")]


class Bursting:
    """Functions whose burst ends in this way."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def burst(self, service: str, size: int, asked: list[Asked]) -> tuple[dict[str, Any], Tally]:
        assert (service, size, asked) == ("qrcode", 1769, ASKED)
        return {"concurrent": 8}, self._tally


def burst(tally: Tally) -> Bench:
    bench = Bench(Configuration(memory_mb=(128, 1769)), Cores(frozenset(), frozenset()), {"qrcode": ASKED}, {})
    bench._functions = Bursting(tally)  # type: ignore[assignment]
    bench._burst("qrcode", ASKED)
    return bench


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally(right=7, wrong=1), "qrcode on Lambda with 1769 MB: 1 wrong answers"),
        (Tally(right=7, errors=Counter({"status": 1})), "errors {'status': 1}; nothing was written"),
    ],
)
def test_an_answer_of_the_burst_that_is_not_right_ends_the_comparison(tally: Tally, said: str) -> None:
    with pytest.raises(UserError, match=said):
        burst(tally)


def test_requests_of_the_burst_that_are_throttled_are_behaviour() -> None:
    bench = burst(Tally(right=7, errors=Counter({THROTTLED: 1})))
    assert bench._measured["qrcode"].burst == {"concurrent": 8}
