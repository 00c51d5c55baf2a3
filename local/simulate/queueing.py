"""Waits in queues: closed forms, and an event simulation of the same queues to check them and the model by.

A pod's worker is one event loop: it serves one request at a time, first come, first served, and has a queue of its own
(the balancer spreads requests, it does not hold them). So a worker is M/G/1-FIFO; the mean wait
is Pollaczek-Khinchine's.
"""

from __future__ import annotations

import heapq
import math
import random


def mg1_wait(load: float, service: float, cv: float) -> float:
    """Return the mean wait of M/G/1 in the unit of `service` (Pollaczek-Khinchine); cv 0 is M/D/1, 1 is M/M/1."""
    return load * service * (1 + cv * cv) / 2 / (1 - load)


def mg1_quantile(share: float, load: float, service: float, cv: float) -> float:
    """Return the wait that so large a share of the requests does not exceed.

    P(W > t) = load * exp(-load * t / E[W]): exact for M/M/1, and the usual approximation otherwise.
    """
    if share <= 1 - load or load <= 0:
        return 0.0
    return -math.log((1 - share) / load) * mg1_wait(load, service, cv) / load


def erlang_b(servers: int, offered: float) -> float:
    """Return the share of requests that find all servers busy, where none waits. `offered` in erlangs."""
    if offered <= 0:
        return 0.0
    inverse = 1.0
    for server in range(1, servers + 1):
        inverse = 1.0 + inverse * server / offered
        if inverse > MANY:
            return 0.0
    return 1.0 / inverse


SEED = 1
MANY = 1e18
"""Beyond this the share lost is nothing to any day of traffic."""


def mmc_wait(servers: int, rate: float, service: float) -> float:
    """Return the mean wait of M/M/c (Erlang C), in the unit of `service`."""
    offered = rate * service
    blocked = erlang_b(servers, offered)
    load = offered / servers
    waits = blocked / (1 - load * (1 - blocked))
    return waits * service / (servers - offered)


def simulated_wait(servers: int, rate: float, service: float, *, constant: bool, requests: int) -> float:
    """Return the mean wait in a simulated FIFO queue with Poisson arrivals."""
    chance = random.Random(SEED)  # noqa: S311 (a simulation)
    free = [0.0] * servers
    now = waited = 0.0
    for _ in range(requests):
        now += chance.expovariate(rate)
        begin = max(now, free[0])
        waited += begin - now
        heapq.heapreplace(free, begin + (service if constant else chance.expovariate(1 / service)))
    return waited / requests
