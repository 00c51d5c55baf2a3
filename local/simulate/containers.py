"""Tasks or pods behind a balancer, by rates: their queues, their autoscaler, their nodes. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from local.simulate import rules
from local.simulate.clients import Clients
from local.simulate.faults import InjectedFault
from local.simulate.hpa import Autoscaler
from local.simulate.node_fleet import NodeFleet
from local.simulate.queueing import mg1_wait
from local.simulate.recorder import Recorder
from local.simulate.target_tracking import TargetTracking
from local.simulate.traffic import Traffic

SHARES = (0.2, 0.2, 0.2, 0.2, 0.1, 0.05, 0.03, 0.01, 0.007, 0.003)
"""A distribution of waits is taken at the middle of each of these shares."""
MIDDLES = tuple(math.log(1 - sum(SHARES[:at]) - share / 2) for at, share in enumerate(SHARES))
FULL = 0.98
"""Load from which the backlog decides, not chance."""


@dataclass
class ContainerFleet:
    """Equal tasks or pods.

    Attributes:
        rate: Requests/s that one serves at full CPU.
        service: Mean service time on it, ms of CPU.
        waiting: ms in which a request only waits, for its database for instance.
        start: Seconds from placed to serving.
        workers: Queues in each; one for every vCPU.
    """

    rate: float
    service: float
    waiting: float
    start: float
    scaler: Autoscaler | TargetTracking
    nodes: NodeFleet | None = None
    cv: float = rules.SERVICE_CV.value
    timeout: float = rules.CLIENT_TIMEOUT.value
    retries: int = int(rules.CLIENT_RETRIES.value)
    failover: float = rules.FAILOVER.value
    query_share: float = 0.0
    """Share of the requests that need the database."""
    slow_start: float = rules.SLOW_START.value
    ready: int = 0
    starting: list[float] = field(default_factory=list)
    draining: deque[tuple[float, int]] = field(default_factory=deque)
    backlog: float = 0.0
    _slow: deque[float] = field(default_factory=deque)
    """Since when those are ready that do not have their full share of the requests yet."""
    _dark: list[tuple[float, float]] = field(default_factory=list)
    """Until when which share of the requests fails."""

    def run(
        self,
        traffic: Traffic,
        faults: tuple[InjectedFault, ...] = (),
        tell: Callable[[float], None] = lambda share: None,
    ) -> Recorder:
        """Serve the traffic and return what happened."""
        recorder, clients = Recorder(), Clients(self.retries)
        wanted = max(self.scaler.minimum, math.ceil(traffic.rates[0] / (self.rate * self.scaler.target)))
        wanted = self.ready = min(wanted, self.scaler.maximum)
        if self.nodes:
            self.nodes.ready = max(self.nodes.minimum, math.ceil(wanted / self.nodes.pods_per_node))
        period = rules.HPA_SYNC.value if isinstance(self.scaler, Autoscaler) else rules.ECS_PERIOD.value
        due, busy, measured, step = period, 0.0, 0.0, traffic.step
        coming = deque(sorted(faults, key=lambda fault: (fault.second - traffic.start) % 86_400))
        for at, fresh in enumerate(traffic.rates):
            now = at * step
            while coming and (coming[0].second - traffic.start) % 86_400 <= now:
                self._break(coming.popleft(), now)
            if now >= due:
                mean = busy / measured if measured else None
                wanted = self._decide(now, wanted, mean)
                due, busy, measured = now + period, 0.0, 0.0
            self._place(now, wanted)
            used = self._serve(recorder, clients, now, step, fresh * step)
            if self.ready:
                busy += used * step
                measured += step
            if at % 4096 == 0:
                tell(at / len(traffic.rates))
        recorder.close(len(traffic.rates) * step)
        return recorder

    def _decide(self, now: float, wanted: int, mean: float | None) -> int:
        if isinstance(self.scaler, Autoscaler):
            return self.scaler.decide(now, wanted, mean, min(self.ready, wanted))
        return self.scaler.decide(now, wanted, mean)

    def _place(self, now: float, wanted: int) -> None:
        """Start and stop pods towards the number wanted, as far as there are nodes for them."""
        while self.starting and self.starting[0] <= now:
            since = self.starting.pop(0)
            self.ready += 1
            if self.slow_start:
                self._slow.append(since)
        while self.draining and self.draining[0][0] <= now:
            self.draining.popleft()
        placed = self.nodes.step(now, wanted) if self.nodes else wanted
        missing = placed - self.ready - len(self.starting)
        if missing > 0:
            self.starting += [now + self.start] * missing
        elif missing < 0:
            unborn = min(-missing, len(self.starting))
            del self.starting[len(self.starting) - unborn :]
            stopped = -missing - unborn
            if stopped:
                self.ready -= stopped
                for _ in range(min(stopped, len(self._slow))):  # the newest go first
                    self._slow.pop()
                self.draining.append((now + rules.DEREGISTRATION.value, stopped))

    def _serve(self, recorder: Recorder, clients: Clients, now: float, step: float, fresh: float) -> float:
        """Serve a step; return the busy share of the CPU."""
        offered = clients.offered(fresh)
        dark = 1.0
        if self._dark:
            self._dark = [one for one in self._dark if one[0] > now]
            for _, share in self._dark:
                dark *= 1 - share
        failed = offered * (1 - dark)
        capacity = self._sharing(now) * self.rate
        total = self.backlog + offered - failed
        served = min(total, capacity * step)
        before, self.backlog = self.backlog, total - served
        late = max(0.0, self.backlog - capacity * self.timeout)
        self.backlog -= late
        lost = clients.fail(failed + late)
        pod = node = 0.0
        load = served / (capacity * step) if capacity else 0.0
        used = served / (self.ready * self.rate * step) if capacity else 0.0
        if before + self.backlog > 0 and capacity:
            wait = (before + self.backlog) / 2 / capacity * 1000
            recorder.latency(self.service + self.waiting + wait, served)
            if self.nodes and self.nodes.booting:
                node = served
            elif self.starting:
                pod = served
        elif served:
            self._waits(recorder, min(load, FULL), served)
        units = self.ready + len(self.starting) + sum(count for _, count in self.draining)
        recorder.step(
            now,
            step,
            requests=fresh,
            served=served,
            lost=lost,
            refused=failed + late,
            pod=pod,
            node=node,
            capacity=capacity,
            units=units,
            nodes=self.nodes.billed if self.nodes else 0,
            busy=used,
        )
        return used

    def _sharing(self, now: float) -> float:
        """Return how many pods the requests are spread over: one in its slow start counts for the share that it gets.

        The balancer raises that share in a straight line (Elastic Load Balancing user guide, slow start mode). Where
        all pods are new, the oldest of them bounds what they serve together.
        """
        while self._slow and now - self._slow[0] >= self.slow_start:
            self._slow.popleft()
        if not self._slow or not self.ready:
            return self.ready
        shares = [(now - since) / self.slow_start for since in list(self._slow)[: self.ready]]
        full = self.ready - len(shares)
        most = 1.0 if full else shares[0]
        return (full + sum(shares)) / most if most else self.ready

    def _waits(self, recorder: Recorder, load: float, served: float) -> None:
        """Count the requests of a step without a backlog, by the distribution of their waits."""
        base = self.service + self.waiting
        scale = mg1_wait(load, self.service, self.cv) / load if load else 0.0
        logarithm = math.log(load) if load else -math.inf
        at_once = 0.0
        for share, middle in zip(SHARES, MIDDLES, strict=True):
            wait = (logarithm - middle) * scale
            if wait > 0:
                recorder.latency(base + wait, served * share)
            else:
                at_once += share
        recorder.latency(base, served * at_once)

    def _break(self, fault: InjectedFault, now: float) -> None:
        """Let a fault happen: requests to what is lost fail until the health checks have seen it."""
        if fault.kind == "database":
            self._dark.append((now + self.failover, self.query_share))
            return
        zones = int(rules.ZONES.value)
        if self.nodes:
            nodes = 1 if fault.kind == "node" else math.ceil(self.nodes.ready / zones)
            lost = min(self.ready, nodes * self.nodes.pods_per_node)
            self.nodes.lose(nodes)
        else:
            lost = min(self.ready, 1 if fault.kind == "node" else math.ceil(self.ready / zones))
        if self.ready:
            self._dark.append((now + rules.DETECTION.value, lost / self.ready))
        self.ready -= lost
