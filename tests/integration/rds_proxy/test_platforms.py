"""Both platforms through the proxy: what the store must do, the same bytes, and no pin."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from crossover.lambda_entry import lambda_handler
from crossover.stores import load, open_store
from functions.twitter.handler import SERVICE
from local.data.mysql.server import PrivateServer
from tests.contract.store_suite import StoreSuite
from tests.integration.mysql.records import PAIRS, RECORDS
from tests.integration.mysql.test_serving import queries
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.events import function_url
from tests.support.rds_proxy import HOST, RunningProxy
from tests.support.server import running_server


def store_url(proxy: RunningProxy, database: str, **options: str) -> str:
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"mysql://crossover@{HOST}:{proxy.port}/{database}{query}"


class TestThroughTheProxy(StoreSuite):
    """What every store must do. A load takes a lock by name and so pins; readers do not."""

    @pytest.fixture
    def url(self, proxied: Proxied, database: str) -> Iterator[str]:
        proxy = proxied(max_database_connections=3)
        yield store_url(proxy, database)
        assert [line for line in proxy.pins() if "named lock" not in line] == []


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_pods_and_functions_share_one_pool_and_pin_nothing(
    proxied: Proxied, server: PrivateServer, database: str, tmp_path: Path, secure: bool
) -> None:
    load(server.url(database), PAIRS)
    proxy = proxied(front={"tls": tmp_path}, max_database_connections=2, require_tls=secure)
    url = store_url(proxy, database, **({"ca": proxy.ca} if secure else {}))
    direct = lambda_handler(SERVICE, {"TWITTER_STORE": server.url(database)})
    expected = {query: direct(function_url("/twitter", query), None)["body"].encode() for query in queries(60)}
    functions = [lambda_handler(SERVICE, {"TWITTER_STORE": url}) for _ in range(4)]
    wrong: list[object] = []
    with running_server(crossover_services="twitter", twitter_store=url) as pod:

        def ask_all(at: int) -> None:
            for query, body in expected.items():
                event = function_url("/twitter", query)
                answer = pod.get(f"/twitter?{urlencode(query)}")[2] if at % 2 else functions[at](event, None)["body"]
                if (answer if isinstance(answer, bytes) else answer.encode()) != body:
                    wrong.append(query)

        threads = [threading.Thread(target=ask_all, args=(at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gauges = proxy.gauges()
    assert wrong == []
    assert proxy.pins() == []
    assert gauges["DatabaseConnections"] <= 2 < gauges["ClientConnections"]
    assert proxy.counts()["emulator_leaks"] == 0
    assert proxy.counts()["QueryRequests"] >= 120


def test_a_store_that_reads_many_keys_at_once_stays_below_what_pins(
    proxied: Proxied, server: PrivateServer, database: str
) -> None:
    load(server.url(database), PAIRS)
    proxy = proxied(max_database_connections=1)
    store = open_store(store_url(proxy, database))
    keys = list(RECORDS) * 3
    assert store.fetch_many(keys) == [RECORDS[key] for key in keys]
    store.close()
    assert proxy.pins() == []


@pytest.mark.skipif(not shutil.which("mariadb"), reason="NOT RUN: the mariadb client is not installed")
def test_the_command_line_client_works(proxied: Proxied, database: str, tmp_path: Path) -> None:
    proxy = proxied(front={"tls": tmp_path}, max_database_connections=1)
    command = ["mariadb", "--no-defaults", "-h", HOST, "-P", str(proxy.port), "-u", "crossover", database, "-N", "-B"]
    for options in ([], ["--ssl", f"--ssl-ca={proxy.ca}"]):
        sql = "SELECT name FROM pets ORDER BY id; USE mysql; SELECT DATABASE()"
        done = subprocess.run([*command, *options, "-e", sql], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Pim\nZoë\nmysql\n")
