"""Merged fetching, on a real event loop and real threads, from a source that answers when it is told to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from container.stores.fetch_batcher import BatchedFetcher
from crossover.runner import Refused, Unavailable


class Source:
    """Gives every key its own bytes back, reversed, and keeps the batches it was asked for."""

    def __init__(self, gate: bool = False) -> None:
        self.batches: list[list[bytes]] = []
        self.gate = threading.Semaphore(0) if gate else None
        self.threads: set[int] = set()
        self.problems: dict[bytes, Exception] = {}

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.batches.append(list(keys))
        self.threads.add(threading.get_ident())
        if self.gate is not None:
            assert self.gate.acquire(timeout=10)
        for key in keys:
            if key in self.problems:
                raise self.problems[key]
        return [None if key == b"nothing" else key[::-1] for key in keys]

    def let_go(self, batches: int = 1) -> None:
        assert self.gate is not None
        self.gate.release(batches)


async def started(fetcher: BatchedFetcher, *keys: bytes) -> list[asyncio.Task[bytes | None]]:
    """Requests for keys, each a task that waits by now."""
    tasks = [asyncio.create_task(fetcher.fetch(key)) for key in keys]
    await asyncio.sleep(0.01)
    return tasks


async def test_what_comes_in_the_same_turn_travels_together() -> None:
    source = Source()
    fetcher = BatchedFetcher(source, threads=4)
    assert await asyncio.gather(*map(fetcher.fetch, [b"ab", b"cd", b"nothing"])) == [b"ba", b"dc", None]
    assert source.batches == [[b"ab", b"cd", b"nothing"]]
    assert fetcher.stats() == (0, 0, 3, 1, 3, 0)
    await fetcher.close()


async def test_what_waits_while_every_thread_works_travels_together_next() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1)
    first = await started(fetcher, b"1")
    others = await started(fetcher, b"2", b"3", b"4")
    assert source.batches == [[b"1"]]
    assert fetcher.stats().waiting == 4
    source.let_go(2)
    await asyncio.gather(*first, *others)
    assert source.batches == [[b"1"], [b"2", b"3", b"4"]]
    await fetcher.close()


async def test_a_key_that_finds_a_thread_free_does_not_wait_for_another() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=2)
    first = await started(fetcher, b"1")
    second = await started(fetcher, b"2")
    assert source.batches == [[b"1"], [b"2"]]
    source.let_go(2)
    await asyncio.gather(*first, *second)
    assert len(source.threads) <= 2
    await fetcher.close()


async def test_requests_for_the_same_key_share_one_answer() -> None:
    source = Source()
    fetcher = BatchedFetcher(source, threads=1)
    assert await asyncio.gather(*(fetcher.fetch(b"ab") for _ in range(9))) == [b"ba"] * 9
    assert source.batches == [[b"ab"]]
    assert fetcher.stats().fetches == 9
    await fetcher.close()


async def test_the_oldest_keys_leave_first_and_a_batch_has_a_bound() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1, max_batch=2)
    tasks = await started(fetcher, b"0")
    for key in (b"1", b"2", b"3", b"4", b"5"):
        tasks += await started(fetcher, key)
    source.let_go(4)
    await asyncio.gather(*tasks)
    assert source.batches == [[b"0"], [b"1", b"2"], [b"3", b"4"], [b"5"]]
    await fetcher.close()


async def test_no_more_requests_wait_than_allowed() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1, max_waiting=2)
    tasks = await started(fetcher, b"1", b"1")
    with pytest.raises(Unavailable, match="2 requests wait") as problem:
        await fetcher.fetch(b"1")
    assert problem.value.retry_after >= 1
    source.let_go()
    await asyncio.gather(*tasks)
    assert fetcher.stats().refused == 1
    await fetcher.close()


async def test_a_request_that_its_asker_gave_up_takes_nothing_from_the_others() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1)
    first = await started(fetcher, b"1")
    shared = await started(fetcher, b"ab", b"ab", b"alone")
    shared[0].cancel()
    shared[2].cancel()
    await asyncio.sleep(0)
    assert fetcher.stats().waiting == 2
    source.let_go(2)
    assert await first[0] == b"1"
    assert await shared[1] == b"ba"
    assert source.batches == [[b"1"], [b"ab"]]
    assert fetcher.stats().waiting == 0
    await fetcher.close()


async def test_what_everybody_gave_up_is_not_fetched() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1)
    first = await started(fetcher, b"1")
    others = await started(fetcher, b"2", b"3")
    for other in others:
        other.cancel()
    await asyncio.sleep(0)
    source.let_go()
    assert await first[0] == b"1"
    assert source.batches == [[b"1"]]
    await fetcher.close()


async def test_a_request_given_up_while_its_batch_is_under_way_harms_nobody() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1)
    tasks = await started(fetcher, b"ab", b"cd")
    tasks[0].cancel()
    source.let_go()
    assert await tasks[1] == b"dc"
    await fetcher.close()


async def test_an_outage_is_everybodys_and_is_not_asked_about_again() -> None:
    source = Source()
    source.problems[b"2"] = Unavailable("gone", 7)
    fetcher = BatchedFetcher(source, threads=1)
    outcomes = await asyncio.gather(*map(fetcher.fetch, [b"1", b"2", b"3"]), return_exceptions=True)
    assert [(type(each), str(each), each.retry_after) for each in outcomes if isinstance(each, Unavailable)] == [
        (Unavailable, "gone", 7)
    ] * 3
    assert len({id(each) for each in outcomes}) == 3
    assert len(source.batches) == 1
    await fetcher.close()


@pytest.mark.parametrize("problem", [Refused("too large"), ValueError("broken")])
async def test_one_keys_trouble_stays_its_own(problem: Exception) -> None:
    source = Source()
    source.problems[b"2"] = problem
    fetcher = BatchedFetcher(source, threads=1)
    outcomes = await asyncio.gather(*map(fetcher.fetch, [b"12", b"2", b"34"]), return_exceptions=True)
    assert outcomes[::2] == [b"21", b"43"]
    assert str(outcomes[1]) == str(problem)
    assert isinstance(outcomes[1], Unavailable) == isinstance(problem, Unavailable)
    await fetcher.close()


async def test_nobody_waits_for_ever_where_the_threads_do_not_come_back() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1, max_wait_seconds=0.05)
    first = await started(fetcher, b"1")
    second = await started(fetcher, b"2", b"2")
    third = await started(fetcher, b"3")
    outcomes = await asyncio.gather(*second, *third, return_exceptions=True)
    assert [str(each) for each in outcomes] == ["the store was busy for 0.05 s"] * 3
    assert fetcher.stats().refused == 3
    source.let_go()
    assert await first[0] == b"1"
    assert source.batches == [[b"1"]]
    await fetcher.close()


async def test_the_event_loop_goes_on_while_a_batch_is_under_way() -> None:
    source = Source(gate=True)
    fetcher = BatchedFetcher(source, threads=1)
    (task,) = await started(fetcher, b"1")
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
        if turns == 100:
            source.let_go()
    assert turns >= 100
    assert threading.get_ident() not in source.threads
    await fetcher.close()
