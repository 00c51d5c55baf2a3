"""Three schemas of the Twitter store compared: what each costs on disk, in the client and in the server.

The same records, made by the ETL from generated tweets, are loaded three times into one private server. Then the same
requests are answered from each, whole: the service's start, the fetch over one connection, and the answer. What is
compared takes turns in every round, so that what else the machine does falls on all of it alike; CPU is measured, not
time.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pymysql

from crossover.runner import InlineRunner, answer_at_once
from crossover.stores.sealing import unseal
from crossover_mysql.store import open_store
from functions.twitter.handler import SERVICE
from functions.twitter.record import KINDS, opened, unpack
from local.console import stderr
from local.data.mysql.server import HOST, USER, PrivateServer
from local.measure.experiments import relational
from local.measure.experiments.relational import SCHEMAS, Pair, RelationalStore
from local.measure.experiments.schemas_measure import DATABASES, MIX, ComparedStore, SizedRequests, measure

SIZES = {"1-5": (1, 5), "6-8": (6, 8), "190+": (190, 10**9)}
"""Answers by their rows, as in the figures that this comparison was tried with before."""
SAMPLE = 400
"""Requests of each size, asked over and over."""
KIND_OF = {code[0]: kind for kind, code in KINDS.items()}


@dataclass(frozen=True, slots=True)
class SchemaTrial:
    """What the experiment runs with. `seconds` is the CPU of one cell in one round."""

    tweets: int
    seed: int
    rounds: int
    seconds: float


def run(configuration: SchemaTrial) -> dict[str, Any]:
    """Run the experiment; its result is plain data. Raises `local.errors.UserError` where there is no server."""
    options = ["--innodb-buffer-pool-size=1G", "--loose-innodb-flush-method=nosync", "--loose-debug-no-sync"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossover-schemas-")))
        server = stack.enter_context(PrivateServer(folder / "server", options=options))
        _create(server)
        _load_packed(configuration, folder, server.url(DATABASES["packed"]))
        disk = {}
        # A statement of a load may take longer than a read.
        patient = "?read_timeout=600"
        for name, database in DATABASES.items():
            if name in SCHEMAS:
                with stderr.status(f"loading {name}"):
                    pairs = _pairs(server, DATABASES["packed"])
                    relational.load(server.url(database) + patient, SCHEMAS[name], pairs)
            disk[name] = sum(file.stat().st_size for file in (folder / "server/data" / database).glob("*.ibd"))
        with stderr.status("choosing requests"):
            samples, counted = _samples(_pairs(server, DATABASES["packed"]), random.Random(configuration.seed))  # noqa: S311
        stores: dict[str, ComparedStore] = {"packed": open_store(server.url(DATABASES["packed"]))}
        for name, schema in SCHEMAS.items():
            stores[name] = RelationalStore(server.url(DATABASES[name]), schema)
        for store in stores.values():
            stack.enter_context(closing(store))
        _check(stores, samples)
        cells = measure(configuration.rounds, configuration.seconds, server, stores, samples)
    return {
        "configuration": asdict(configuration),
        "records": counted,
        "schemas": {name: {"disk_bytes": disk[name], **cells[name]} for name in DATABASES},
    }


def _create(server: PrivateServer) -> None:
    connection = pymysql.connect(host=HOST, port=server.port or 0, user=USER, ssl_disabled=True)
    with closing(connection), connection.cursor() as cursor:
        for database in DATABASES.values():
            cursor.execute(f"CREATE DATABASE {database}")


def _load_packed(configuration: SchemaTrial, folder: Path, url: str) -> None:
    from local.data.etl.pipeline import run as etl
    from local.data.etl.popular import SHIPPED_TAGS, parse_popular
    from local.data.etl.progress import Bars
    from local.data.tweets.files import write_tweets

    popular = parse_popular(SHIPPED_TAGS.read_bytes())
    with stderr.status(f"making {configuration.tweets:,} tweets"):
        write_tweets(configuration.tweets, configuration.seed, sorted(popular), folder / "tweets.json")
    with Bars() as bars:
        etl([folder / "tweets.json"], popular, url, folder, bars)
    (folder / "tweets.json").unlink()


def _pairs(server: PrivateServer, database: str) -> Iterator[Pair]:
    """Yield all the records of the packed table, in pieces, so that no cursor stands open while they are worked on."""
    connection = pymysql.connect(host=HOST, port=server.port or 0, user=USER, database=database, ssl_disabled=True)
    with closing(connection), connection.cursor() as cursor:
        last = b""
        while cursor.execute("SELECT id, record FROM crossover_records WHERE id > %s ORDER BY id LIMIT 1000", (last,)):
            for last, sealed in cursor.fetchall():
                yield last, unseal(last, sealed)


def _samples(pairs: Iterator[Pair], chance: random.Random) -> tuple[list[SizedRequests], dict[str, int]]:
    """Return requests of every size and of the mix, and how many records there are of each."""
    chosen: dict[str, list[Pair]] = {name: [] for name in (*SIZES, MIX)}
    counted = dict.fromkeys(chosen, 0)
    for pair in pairs:
        rows, *_ = opened(pair[1])
        for name in [MIX, *(name for name, (least, most) in SIZES.items() if least <= rows <= most)]:
            # Every record is as likely to be kept as any other (reservoir sampling).
            counted[name] += 1
            if len(chosen[name]) < SAMPLE:
                chosen[name].append(pair)
            elif (at := chance.randrange(counted[name])) < SAMPLE:
                chosen[name][at] = pair
    return [
        SizedRequests(name, [request_for(pair, chance) for pair in some]) for name, some in chosen.items() if some
    ], counted


def request_for(pair: Pair, chance: random.Random) -> bytes:
    """Return a request for a record, with a word and a hashtag of one of its tweets: little of it matches."""
    key, record = pair
    tweet = chance.choice(chance.choice(unpack(record)).tweets)
    query = {
        "user_id": int.from_bytes(key[:8], "big"),
        "type": KIND_OF[key[8]],
        "phrase": chance.choice(tweet.text.split() or ["hello"]),
        "hashtag": chance.choice(tweet.hashtags or ("hello",)),
    }
    return urlencode(query).encode()


def _check(stores: dict[str, ComparedStore], samples: list[SizedRequests]) -> None:
    """Every schema gives the same answers, or there is nothing to compare."""
    for sample in samples:
        for query in sample.requests:
            answers = {answer_at_once(SERVICE, query, InlineRunner(store)) for store in stores.values()}
            if len(answers) != 1:
                raise AssertionError(f"the schemas disagree on {query!r}")
