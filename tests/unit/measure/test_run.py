"""What ends a comparison: answers that are not right, in a burst as everywhere."""

from __future__ import annotations

from collections import Counter

import pytest

from local.errors import UserError
from local.measure.affinity import Cores
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.functions import THROTTLED, InvocationTally
from local.measure.comparison.result import Burst
from local.measure.comparison.run import Rig
from local.workloads.mix import PreparedRequest

ASKED = [PreparedRequest("/qrcode?type=encode&data=a", b"result")]
COUNTS = {"requests": 8, "right": 8, "wrong": 0, "errors": 0, "cold_starts": 7, "throttled": 0}
BURST = Burst(concurrent=8, environments_before=1, environments_after=8, **COUNTS)


class Bursting:
    """Functions whose burst ends in this way."""

    def __init__(self, tally: InvocationTally) -> None:
        self._tally = tally

    def burst(self, service: str, size: int, asked: list[PreparedRequest]) -> tuple[Burst, InvocationTally]:
        assert (service, size, asked) == ("qrcode", 1769, ASKED)
        return BURST, self._tally


def burst(tally: InvocationTally) -> Rig:
    rig = Rig(ComparisonConfig(memory_mb=(128, 1769)), Cores(frozenset(), frozenset()), {"qrcode": ASKED}, {})
    rig._functions = Bursting(tally)  # type: ignore[assignment]
    rig._burst("qrcode", ASKED)
    return rig


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (InvocationTally(right=7, wrong=1), "qrcode on Lambda with 1769 MB: 1 wrong answers"),
        (InvocationTally(right=7, errors=Counter({"status": 1})), "errors {'status': 1}; nothing was written"),
    ],
)
def test_an_answer_of_the_burst_that_is_not_right_ends_the_comparison(tally: InvocationTally, said: str) -> None:
    with pytest.raises(UserError, match=said):
        burst(tally)


def test_requests_of_the_burst_that_are_throttled_are_behaviour() -> None:
    rig = burst(InvocationTally(right=7, errors=Counter({THROTTLED: 1})))
    assert rig._measured["qrcode"].burst is BURST
