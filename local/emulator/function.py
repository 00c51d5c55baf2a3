"""One function emulated: the fleet's actions done with processes that run AWS's own runtime client."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from local.emulator import bill, errors, quotas
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
from local.emulator.environment import EnvironmentProcess, Host
from local.emulator.fleet import Fleet
from local.emulator.runtime_api import Event
from local.emulator.spec import FunctionSpec


class Observers(NamedTuple):
    """Receive what is written about invocations."""

    on_record: Callable[[bill.Record], None]
    on_log: Callable[[str, bytes], None]
    """Called with the function's name and what it printed."""


class InvocationOutcome(NamedTuple):
    """The result of a synchronous Invoke."""

    request: str
    ending: Ending
    payload: bytes
    """The handler's answer, or the error object; empty where the request was throttled."""
    throttle: Throttle | None = None
    log: bytes = b""
    """The end of what the invocation printed."""


def new_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def new_trace() -> str:
    """Return a new trace header, not sampled."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


class Invocation:
    """A request on its way, from the caller's question to the end of its environment's work."""

    __slots__ = (
        "answer_bytes",
        "client_context",
        "event",
        "future",
        "log_bytes",
        "log_tail",
        "payload",
        "request",
        "status",
        "trace",
    )

    def __init__(self, event: bytes, trace: str, client_context: str) -> None:
        self.request = new_id()
        self.trace = trace
        self.client_context = client_context
        self.event = event
        self.future: asyncio.Future[InvocationOutcome] = asyncio.get_running_loop().create_future()
        self.payload = b""
        """What the runtime answered, or reported."""
        self.answer_bytes = 0
        self.status = 0
        """The process's exit, where it ended."""
        self.log_bytes = 0
        self.log_tail = b""

    def printed(self, chunk: bytes) -> None:
        """Count and keep what the function has printed."""
        self.log_bytes += len(chunk)
        self.log_tail = (self.log_tail + chunk)[-quotas.LOG_TAIL :]


class EmulatedFunction:
    """One function: invoke it. Made by `Emulator`."""

    def __init__(self, function: FunctionSpec, account: AccountLimits, host: Host, observers: Observers) -> None:
        self.function = function
        self.fleet = Fleet(function.scaling, account)
        self.invocations: dict[str, Invocation] = {}
        self.peak_bytes = 0
        self.last_log = b""
        """The end of the log of the invocation that ended last."""
        self.init_cpu: deque[float] = deque(maxlen=1_000)
        """CPU seconds of the latest INITs: what a cold start costs whatever else the machine does."""
        self._host = host
        self._observers = observers
        self._environments: dict[int, EnvironmentProcess] = {}
        self._closing: set[EnvironmentProcess] = set()
        self._peaks: dict[int, int] = {}
        """Peak memory of environments that were killed before their last report."""
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def invoke(self, event: bytes, trace: str | None = None, client_context: str = "") -> InvocationOutcome:
        """Invoke the function synchronously with an event within the payload quota."""
        invocation = Invocation(event, trace or new_trace(), client_context)
        self.invocations[invocation.request] = invocation
        self.do(self.fleet.invoke(invocation.request, self._loop.time()))
        return await invocation.future

    def begin(self) -> None:
        """Start the provisioned environments."""
        self.do(self.fleet.begin(self._loop.time()))

    async def settled(self) -> None:
        """Wait until no invocation is running and every record is written."""
        while self.invocations:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the environments that are alive, so far."""
        return sum(environment.cpu_seconds() for environment in self._environments.values())

    def close(self) -> None:
        """Kill every environment; callers that still wait get the outcome EXIT."""
        if self._timer:
            self._timer.cancel()
        for identity in tuple(self._environments):
            self._kill(identity)
        for request in tuple(self.invocations):
            self._answer(InvocationAnswer(request, Ending.EXIT))
        self.invocations.clear()

    @property
    def closed(self) -> bool:
        """Whether the end of every process that was killed has been seen."""
        return not self._closing

    # --- events of an environment (`environment.Listener`) ---

    def started(self, identity: int) -> None:
        """Start the clock of INIT."""
        self.do(self.fleet.started(identity, self._loop.time()))

    def next(self, identity: int, init_cpu: float | None) -> None:
        """Give the environment work, or freeze it."""
        if init_cpu is not None:
            self.init_cpu.append(init_cpu)
        self.do(self.fleet.next(identity, self._loop.time()))

    def response(self, identity: int, request: str, payload: bytes, size: int) -> bool:
        """Take the handler's answer; one beyond the quota is an error of Lambda's."""
        ending = Ending.TOO_LARGE if size > quotas.PAYLOAD else Ending.SUCCESS
        return self._end(identity, request, payload, size, ending)

    def error(self, identity: int, request: str, payload: bytes, size: int) -> bool:
        """Take the handler's error."""
        ending = Ending.TOO_LARGE if size > quotas.PAYLOAD else Ending.ERROR
        return self._end(identity, request, payload, size, ending)

    def exit(self, identity: int, status: int, ending: Ending, init_error: bytes) -> None:
        """Replace a process that ended, and answer its caller."""
        environment = self.fleet.environments.get(identity)
        if environment and environment.request in self.invocations:
            invocation = self.invocations[environment.request]
            invocation.status = status
            if environment.ending is None:
                invocation.payload = init_error
        self.do(self.fleet.exit(identity, ending, self._loop.time()))
        if identity not in self.fleet.environments:
            self._environments.pop(identity, None)

    def log(self, identity: int, chunk: bytes) -> None:
        """Add what was printed to the invocation that it belongs to."""
        environment = self.fleet.environments.get(identity)
        invocation = self.invocations.get(environment.request or "") if environment else None
        if invocation:
            invocation.printed(chunk)
        self._observers.on_log(self.function.name, chunk)

    def killed(self, environment: EnvironmentProcess) -> None:
        """Forget a process that was killed."""
        self._closing.discard(environment)

    def _end(self, identity: int, request: str, payload: bytes, size: int, ending: Ending) -> bool:
        environment = self.fleet.environments.get(identity)
        invocation = self.invocations.get(request)
        if environment is None or invocation is None or environment.request != request or environment.ending:
            return False
        invocation.payload = payload
        invocation.answer_bytes = size
        self.do(self.fleet.response(identity, ending, self._loop.time()))
        return True

    # --- what the fleet wants done ---

    def do(self, actions: Iterable[Action]) -> None:
        """Carry out what the fleet decided, in order."""
        for action in actions:
            match action:
                case Deliver(identity, request, deadline):
                    self._deliver(identity, request, deadline)
                case Thaw(identity):
                    self._environments[identity].thaw()
                case Freeze(identity):
                    self._environments[identity].freeze()
                case InvocationAnswer():
                    self._answer(action)
                case InvocationReport():
                    self._report(action)
                case Kill(identity):
                    self._kill(identity)
                case Start(identity, _):
                    self._start(identity)
        self._set_timer()

    def _start(self, identity: int) -> None:
        self._kill(identity)
        self._peaks.pop(identity, None)
        provisioned = self.fleet.environments[identity].provisioned
        kind = "provisioned-concurrency" if provisioned else "on-demand"
        environment = EnvironmentProcess(self.function, identity, kind, self._host, self)
        self._environments[identity] = environment
        environment.start()

    def _kill(self, identity: int) -> None:
        environment = self._environments.pop(identity, None)
        if environment:
            self._peaks[identity] = environment.measure()
            self._closing.add(environment)
            environment.close()

    def _deliver(self, identity: int, request: str, deadline: float) -> None:
        invocation = self.invocations[request]
        deadline_ms = int((time.time() + deadline - self._loop.time()) * 1000)
        event = Event(
            request, invocation.event, deadline_ms, self.function.arn, invocation.trace, invocation.client_context
        )
        self._environments[identity].deliver(event)

    def _answer(self, answer: InvocationAnswer) -> None:
        invocation = self.invocations[answer.request]
        match answer.ending:
            case Ending.SUCCESS | Ending.ERROR | Ending.INIT_ERROR:
                payload = invocation.payload
            case Ending.THROTTLED:
                payload = b""
                del self.invocations[answer.request]
                self._observers.on_record(
                    bill.throttled(answer.request, self.function, answer.throttle, len(invocation.event))
                )
            case _:
                timeout = self.function.scaling.timeout
                payload = errors.payload(
                    answer.ending, answer.request, timeout, invocation.status, invocation.answer_bytes
                )
        if not invocation.future.done():
            invocation.future.set_result(
                InvocationOutcome(answer.request, answer.ending, payload, answer.throttle, invocation.log_tail)
            )

    def _report(self, report: InvocationReport) -> None:
        invocation = self.invocations.pop(report.request)
        environment = self._environments.get(report.environment)
        peak = environment.measure() if environment else self._peaks.pop(report.environment, 0)
        self.peak_bytes = max(self.peak_bytes, peak)
        self.last_log = invocation.log_tail
        sizes = bill.Sizes(peak, invocation.log_bytes, len(invocation.event), invocation.answer_bytes)
        self._observers.on_record(bill.record(report, self.function, sizes))

    def _set_timer(self) -> None:
        due = self.fleet.next_timer()
        if due is None or (self._timer and self._timer.when() <= due):
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.do(self.fleet.tick(self._loop.time()))
