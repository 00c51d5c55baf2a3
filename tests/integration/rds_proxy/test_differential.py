"""The same random work, direct and through the proxy: the same packets, byte for byte."""

from __future__ import annotations

import random
import threading
from contextlib import closing

from pymysql.connections import Connection
from pymysql.cursors import Cursor
from pymysql.err import MySQLError

from local.data.mysql.server import PrivateServer
from local.emulator.rds_proxy import wire
from tests.integration.rds_proxy.conftest import Proxied, direct
from tests.support.rds_proxy import ask

STATEMENTS = 400


def statement(chance: random.Random) -> str:
    """A statement whose packets do not depend on the connection that runs it."""
    key = chance.randrange(1, 40)
    return chance.choice(
        [
            f"SELECT * FROM pets WHERE id = {key}",
            "SELECT id, name, NULL, 1.5, REPEAT('é', 300) FROM pets ORDER BY id",
            f"INSERT INTO pets VALUES ({key}, 'pet {key}')",
            f"UPDATE pets SET name = CONCAT(name, '!') WHERE id < {key}",
            f"DELETE FROM pets WHERE id = {key}",
            f"SELECT {key}; SELECT name FROM pets WHERE id = 1; UPDATE pets SET name = 'x' WHERE id = 1",
            "SELECT nosuch FROM pets",
            "SELEC",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            f"SET time_zone = '+0{key % 10}:00'",
            "SELECT @@time_zone, @@autocommit, DATABASE()",
            f"SET @x = {key}",
            "SELECT @x",
            f"SELECT REPEAT('a', {key * 3000})",
            "SHOW WARNINGS",
            "SELECT 1 + '1x'",
        ]
    )


def packets(client: Connection[Cursor], sql: str) -> list[bytes]:
    """Every packet of the response."""
    client._execute_command(wire.QUERY, sql)
    found = []
    ends = 0
    while True:
        header = client._read_bytes(4)
        payload = client._read_bytes(int.from_bytes(header[:3], "little"))
        found.append(header + payload)
        status = None
        if payload[0] == 0xFF:
            break
        if payload[0] == 0 and not ends:
            status = wire.read_ok(payload, tracks=False).status
        elif payload[0] == 0xFE and len(payload) == 5:
            ends += 1
            if ends == 2:
                status = int.from_bytes(payload[3:5], "little")
        elif not ends and len(found) > 1 and payload[0] == 0:
            status = wire.read_ok(payload, tracks=False).status
        if status is not None:
            ends = 0
            if not status & wire.MORE_RESULTS:
                break
    client._next_seq_id = 0
    return found


def test_random_work_gives_the_same_packets_direct_and_through_the_proxy(
    proxied: Proxied, server: PrivateServer, database: str
) -> None:
    for seed in range(3):
        proxy = proxied(max_database_connections=2)
        seen = []
        for make in (lambda **options: direct(server, **options), proxy.connect):
            with closing(make(database=database, client_flag=wire.MULTI_STATEMENTS)) as client:
                ask(client, "DELETE FROM pets")
                ask(client, "INSERT INTO pets VALUES (1, 'Pim'), (2, 'Zoë')")
                chance = random.Random(seed)
                seen.append([packets(client, statement(chance)) for _ in range(STATEMENTS)])
        for at, (straight, proxied_packets) in enumerate(zip(*seen, strict=True)):
            assert straight == proxied_packets, (seed, at)


def test_many_clients_on_two_connections_get_no_wrong_answer(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=2, connection_borrow_timeout=60)
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            with closing(proxy.connect(read_timeout=60)) as client:
                for at in range(25):
                    sent = f"{number}-{at}-" + "x" * (at * 400)
                    if ask(client, f"SELECT '{sent}'") != sent:
                        wrong.append((number, at))
        except MySQLError as problem:
            wrong.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert proxy.gauges()["DatabaseConnections"] == 2
    assert proxy.pins() == []
