"""The environments of a function, on a clock that the test holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator import quotas
from local.emulator.account import AccountLimits
from local.emulator.actions import (
    Action,
    Deliver,
    Ending,
    Freeze,
    InvocationAnswer,
    InvocationReport,
    Kill,
    Start,
    Thaw,
    Throttle,
)
from local.emulator.fleet import Fleet, State
from local.emulator.spec import BadSpec, Scaling


class Driven:
    """A fleet, its clock, and everything it has ever wanted done."""

    def __init__(self, scaling: Scaling | None = None, account: AccountLimits | None = None) -> None:
        self.fleet = Fleet(scaling or Scaling(), account)
        self.now = 100.0
        self.done: list[Action] = []

    def note(self, actions: Sequence[Action]) -> list[Action]:
        self.done += actions
        return list(actions)

    def invoke(self, request: str) -> list[Action]:
        return self.note(self.fleet.invoke(request, self.now))

    def next(self, environment: int) -> list[Action]:
        return self.note(self.fleet.next(environment, self.now))

    def respond(self, environment: int, ending: Ending = Ending.SUCCESS) -> list[Action]:
        return self.note(self.fleet.response(environment, ending, self.now))

    def exit(self, environment: int, ending: Ending = Ending.EXIT) -> list[Action]:
        return self.note(self.fleet.exit(environment, ending, self.now))

    def wait(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.note(self.fleet.tick(self.now))

    def start(self, environment: int) -> None:
        self.note(self.fleet.started(environment, self.now))

    def cold(self, request: str, init: float = 0.1) -> int:
        """Invokes, expects a new environment, and brings it to work on the request."""
        (started,) = self.invoke(request)
        assert isinstance(started, Start)
        self.start(started.environment)
        self.wait(init)
        assert isinstance(self.next(started.environment)[0], Deliver)
        return started.environment

    def serve(self, request: str, duration: float = 0.01) -> int:
        """A whole invocation, cold or warm."""
        first = self.invoke(request)[0]
        assert isinstance(first, Start | Thaw)
        if isinstance(first, Start):
            self.start(first.environment)
            self.wait(0.1)
            self.next(first.environment)
        self.wait(duration)
        self.respond(first.environment)
        self.next(first.environment)
        return first.environment

    def reports(self) -> list[InvocationReport]:
        return [action for action in self.done if isinstance(action, InvocationReport)]

    def answers(self) -> dict[str, Ending]:
        return {action.request: action.ending for action in self.done if isinstance(action, InvocationAnswer)}


def test_a_first_request_starts_an_environment_and_is_delivered_when_its_runtime_asks() -> None:
    driven = Driven()
    assert driven.invoke("a") == [Start(1, 1)]
    driven.start(1)
    driven.wait(0.25)
    assert driven.next(1) == [Deliver(1, "a", driven.now + 3.0)]
    assert driven.fleet.states() == {State.INIT: 0, State.READY: 0, State.BUSY: 1}


def test_an_environment_freezes_when_it_asks_for_work_and_there_is_none() -> None:
    driven = Driven()
    driven.cold("a")
    driven.wait(0.02)
    assert driven.respond(1) == []
    answer, report, freeze = driven.next(1)
    assert answer == InvocationAnswer("a", Ending.SUCCESS)
    assert freeze == Freeze(1)
    assert isinstance(report, InvocationReport)
    assert report.duration == pytest.approx(0.02)
    assert report.init == pytest.approx(0.1)


def test_a_warm_request_thaws_and_has_no_init_in_its_report() -> None:
    driven = Driven()
    driven.serve("a")
    driven.wait(1)
    assert driven.invoke("b") == [Thaw(1), Deliver(1, "b", driven.now + 3.0)]
    driven.respond(1)
    driven.next(1)
    assert driven.reports()[1].init is None


def test_two_requests_at_once_have_an_environment_each() -> None:
    driven = Driven()
    driven.cold("a")
    assert driven.invoke("b") == [Start(2, 1)]


def test_the_environment_used_last_is_used_first_so_that_the_others_idle() -> None:
    driven = Driven()
    for request in "ab":
        driven.cold(request)
    for environment in (2, 1):
        driven.respond(environment)
        driven.next(environment)
    assert driven.invoke("c")[0] == Thaw(1)


def test_init_counts_from_the_start_of_the_process_and_not_from_the_request() -> None:
    driven = Driven()
    driven.invoke("a")
    driven.wait(60)
    driven.start(1)
    driven.wait(0.3)
    driven.next(1)
    driven.respond(1)
    driven.next(1)
    assert driven.reports()[0].init == pytest.approx(0.3)


def test_an_init_over_ten_seconds_is_retried_inside_the_first_invocation() -> None:
    driven = Driven()
    driven.invoke("a")
    driven.start(1)
    assert driven.wait(9.9) == []
    assert driven.wait(0.1) == [Kill(1), Start(1, 2)]
    driven.start(1)
    driven.wait(2)
    assert driven.next(1) == [Deliver(1, "a", driven.now + 1.0)]
    driven.wait(0.5)
    driven.respond(1)
    driven.next(1)
    (report,) = driven.reports()
    assert (report.init, report.failed_init) == (None, pytest.approx(10))
    assert report.duration == pytest.approx(2.5)


def test_the_retried_init_runs_against_the_functions_timeout() -> None:
    driven = Driven()
    driven.invoke("a")
    driven.start(1)
    driven.wait(10)
    driven.start(1)
    assert driven.wait(2.99) == []
    assert driven.wait(0.01)[:2] == [Kill(1), InvocationAnswer("a", Ending.TIMEOUT)]
    assert driven.fleet.environments == {}


def test_an_init_that_fails_twice_answers_with_its_error() -> None:
    driven = Driven()
    driven.invoke("a")
    driven.start(1)
    driven.wait(0.2)
    assert driven.exit(1, Ending.INIT_ERROR) == [Start(1, 2)]
    driven.start(1)
    driven.wait(0.2)
    answer, report = driven.exit(1, Ending.INIT_ERROR)
    assert answer == InvocationAnswer("a", Ending.INIT_ERROR)
    assert isinstance(report, InvocationReport)
    assert (report.failed_init, report.duration) == (pytest.approx(0.2), pytest.approx(0.2))


def test_a_timeout_kills_the_environment_so_that_the_next_request_is_cold() -> None:
    driven = Driven(Scaling(timeout=2))
    driven.cold("a")
    killed, answer, report = driven.wait(2.5)
    assert (killed, answer) == (Kill(1), InvocationAnswer("a", Ending.TIMEOUT))
    assert isinstance(report, InvocationReport)
    assert report.duration == 2
    assert driven.invoke("b") == [Start(2, 1)]


@pytest.mark.parametrize("ending", [Ending.EXIT, Ending.MEMORY])
def test_an_environment_that_dies_at_work_answers_and_is_gone(ending: Ending) -> None:
    driven = Driven()
    driven.cold("a")
    assert driven.exit(1, ending)[0] == InvocationAnswer("a", ending)
    assert driven.fleet.environments == {}
    assert driven.fleet.next_timer() is None or driven.wait(1000) == []


@pytest.mark.parametrize("end", [Driven.exit, lambda driven, _: driven.wait(3)], ids=["exits", "hangs"])
def test_a_process_that_is_gone_after_its_answer_changes_nothing_for_the_caller(end: Any) -> None:
    driven = Driven()
    driven.cold("a")
    driven.wait(0.5)
    driven.respond(1)
    end(driven, 1)
    assert driven.answers() == {"a": Ending.SUCCESS}
    assert driven.reports()[0].duration == pytest.approx(0.5)
    assert driven.fleet.environments == {}


def test_a_runtime_that_asks_for_work_without_an_answer_is_a_crash() -> None:
    driven = Driven()
    driven.cold("a")
    assert driven.next(1)[:2] == [Kill(1), InvocationAnswer("a", Ending.EXIT)]


def test_a_second_answer_to_the_same_request_is_not_taken() -> None:
    driven = Driven()
    driven.cold("a")
    driven.respond(1)
    driven.respond(1, Ending.ERROR)
    driven.next(1)
    assert driven.answers() == {"a": Ending.SUCCESS}


def test_an_idle_environment_is_reaped_after_its_lifetime_and_not_before() -> None:
    driven = Driven(Scaling(idle_lifetime=60))
    driven.serve("a")
    assert driven.wait(59.9) == []
    assert driven.wait(0.2) == [Kill(1)]
    assert driven.invoke("b") == [Start(2, 1)]


def test_use_renews_the_lifetime() -> None:
    driven = Driven(Scaling(idle_lifetime=60))
    for request in "abcd":
        driven.serve(request)
        driven.wait(50)
    assert list(driven.fleet.environments) == [1]


def test_timers_stay_few_however_many_requests_there_were() -> None:
    driven = Driven(Scaling(timeout=900))
    for number in range(3000):
        driven.serve(str(number), 0.101)
    assert len(driven.fleet._timers) < 10


def test_an_idle_environment_that_is_killed_by_somebody_is_forgotten() -> None:
    driven = Driven()
    driven.serve("a")
    assert driven.exit(1) == []
    assert driven.invoke("b") == [Start(2, 1)]


def test_reserved_concurrency_is_a_ceiling() -> None:
    driven = Driven(Scaling(reserved=2))
    driven.cold("a")
    driven.invoke("b")
    assert driven.invoke("c") == [InvocationAnswer("c", Ending.THROTTLED, Throttle.RESERVED)]


def test_reserved_concurrency_of_zero_stops_the_function() -> None:
    assert Driven(Scaling(reserved=0)).invoke("a") == [InvocationAnswer("a", Ending.THROTTLED, Throttle.RESERVED)]


def test_a_place_is_free_again_when_the_runtime_asks_for_work() -> None:
    driven = Driven(Scaling(reserved=1))
    driven.cold("a")
    driven.respond(1)
    assert driven.invoke("b")[0] == InvocationAnswer("b", Ending.THROTTLED, Throttle.RESERVED)
    driven.next(1)
    assert driven.invoke("c")[0] == Thaw(1)


def test_functions_without_a_reservation_share_the_accounts_concurrency() -> None:
    account = AccountLimits(concurrency=3)
    first, second = Driven(account=account), Driven(account=account)
    first.invoke("a")
    first.invoke("b")
    second.invoke("c")
    assert second.invoke("d") == [InvocationAnswer("d", Ending.THROTTLED, Throttle.ACCOUNT)]


def test_a_reservation_is_taken_from_what_the_others_share() -> None:
    account = AccountLimits(concurrency=110)
    Driven(Scaling(reserved=10), account)
    other = Driven(account=account)
    results = [other.invoke(str(number))[0] for number in range(101)]
    assert [type(result) for result in results] == [Start] * 100 + [InvocationAnswer]


def test_a_reservation_has_to_leave_a_hundred_to_the_others() -> None:
    with pytest.raises(BadSpec, match="reserve less"):
        Fleet(Scaling(reserved=901), AccountLimits(1000))
    Fleet(Scaling(reserved=900), AccountLimits(1000))


def test_a_burst_gets_a_thousand_environments_and_then_a_hundred_a_second() -> None:
    driven = Driven(account=AccountLimits(concurrency=5000))
    for number in range(1000):
        assert driven.invoke(f"a{number}") == [Start(number + 1, 1)]
    assert driven.invoke("b") == [InvocationAnswer("b", Ending.THROTTLED, Throttle.SCALING)]
    driven.now += 0.5
    results = [driven.invoke(f"c{number}")[0] for number in range(60)]
    assert [type(result) for result in results] == [Start] * 50 + [InvocationAnswer] * 10


def test_a_function_takes_at_most_ten_requests_a_second_for_each_unit_of_its_reservation() -> None:
    driven = Driven(Scaling(reserved=2))
    endings = []
    for number in range(30):
        first = driven.invoke(str(number))[0]
        if isinstance(first, InvocationAnswer):
            endings.append(first.throttle)
            continue
        environment = first.environment
        if isinstance(first, Start):
            driven.start(environment)
            driven.next(environment)
        driven.respond(environment)
        driven.next(environment)
    assert endings == [Throttle.RESERVED_RATE] * 10
    driven.wait(0.1)
    assert isinstance(driven.invoke("later")[0], Thaw)


def test_the_accounts_rate_is_ten_times_its_concurrency() -> None:
    driven = Driven(account=AccountLimits(concurrency=1))
    throttled = 0
    for number in range(15):
        first = driven.invoke(str(number))[0]
        if isinstance(first, InvocationAnswer):
            throttled += first.throttle is Throttle.RATE
            continue
        if isinstance(first, Start):
            driven.next(1)
        driven.respond(1)
        driven.next(1)
    assert throttled == 5


def test_provisioned_environments_are_made_before_anybody_asks_and_are_never_cold() -> None:
    driven = Driven(Scaling(provisioned=2))
    assert driven.note(driven.fleet.begin(driven.now)) == [Start(1, 1), Start(2, 1)]
    for environment in (1, 2):
        driven.start(environment)
        assert driven.next(environment) == [Freeze(environment)]
    assert driven.wait(10_000) == []
    assert driven.invoke("a")[0] == Thaw(2)
    assert driven.invoke("b")[0] == Thaw(1)
    assert driven.invoke("c") == [Start(3, 1)]
    assert driven.fleet.counts["cold"] == 1


def test_provisioned_concurrency_takes_ten_requests_a_second_each_and_spills_over() -> None:
    driven = Driven(Scaling(provisioned=1))
    driven.note(driven.fleet.begin(driven.now))
    driven.start(1)
    driven.next(1)
    for number in range(10):
        assert driven.invoke(str(number))[0] == Thaw(1)
        driven.respond(1)
        driven.next(1)
    assert driven.invoke("spilled") == [Start(2, 1)]


def test_a_provisioned_environment_that_dies_is_replaced_and_one_that_cannot_start_is_not() -> None:
    driven = Driven(Scaling(provisioned=1))
    driven.note(driven.fleet.begin(driven.now))
    driven.start(1)
    driven.next(1)
    assert driven.exit(1) == [Start(2, 1)]
    driven.start(2)
    assert driven.exit(2) == []
    assert driven.fleet.counts["provisioned-failed"] == 1


def test_a_provisioned_init_has_130_seconds() -> None:
    driven = Driven(Scaling(provisioned=1))
    driven.note(driven.fleet.begin(driven.now))
    driven.start(1)
    assert driven.wait(129) == []
    assert driven.wait(1) == [Kill(1)]


def test_on_demand_environments_leave_room_for_the_provisioned_ones_of_a_reservation() -> None:
    driven = Driven(Scaling(reserved=3, provisioned=2))
    driven.note(driven.fleet.begin(driven.now))
    for environment in (1, 2):
        driven.start(environment)
        driven.next(environment)
    while driven.fleet._provisioned_rate.take(driven.now):
        pass
    assert driven.invoke("a") == [Start(3, 1)]
    assert driven.invoke("b") == [InvocationAnswer("b", Ending.THROTTLED, Throttle.RESERVED)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory_mb": 127},
        {"memory_mb": 10_241},
        {"timeout": 0},
        {"timeout": 901},
        {"reserved": -1},
        {"provisioned": -1},
        {"provisioned": 2, "reserved": 1},
        {"idle_lifetime": 0},
        {"idle_lifetime": float("nan")},
    ],
)
def test_a_configuration_that_lambda_refuses_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadSpec):
        Scaling(**wrong)  # type: ignore[arg-type]


EVENTS = st.lists(
    st.tuples(st.sampled_from(["invoke", "start", "next", "respond", "exit", "wait"]), st.integers(0, 9)), max_size=200
)


@given(EVENTS, st.sampled_from([None, 2, 5]), st.integers(0, 2))
def test_whatever_happens_every_request_is_answered_once_and_limits_hold(
    events: list[tuple[str, int]], reserved: int | None, provisioned: int
) -> None:
    account = AccountLimits(concurrency=200)
    driven = Driven(Scaling(reserved=reserved, provisioned=provisioned, idle_lifetime=20), account)
    driven.note(driven.fleet.begin(driven.now))
    asked = 0
    for kind, number in events:
        if kind == "invoke":
            asked += 1
            driven.invoke(f"r{asked}")
        elif kind == "wait":
            driven.wait(number * number * 0.1)
        else:
            {"start": driven.start, "next": driven.next, "respond": driven.respond, "exit": driven.exit}[kind](number)
        if reserved is not None:
            assert sum(each.request is not None for each in driven.fleet.environments.values()) <= reserved
        assert account.busy == sum(each.shared for each in driven.fleet.environments.values())
    for identity in list(driven.fleet.environments):
        for _ in range(2):
            driven.exit(identity)
    answered = [action.request for action in driven.done if isinstance(action, InvocationAnswer)]
    assert sorted(answered) == sorted(f"r{number + 1}" for number in range(asked))
    assert account.busy == 0
    assert driven.fleet._busy == 0
    reported = [report.request for report in driven.reports()]
    assert len(reported) == len(set(reported)) == asked - driven.fleet.counts["throttled"]


def test_quotas_are_lambdas() -> None:
    assert quotas.PAYLOAD == 6_291_556
    assert quotas.cpu_share(1769) == 1
