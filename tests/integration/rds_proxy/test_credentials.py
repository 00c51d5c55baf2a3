"""A secret that is rotated and a token, from a store to a database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import boto3
import pytest
from moto.server import ThreadedMotoServer

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover_mysql.credentials import _client
from local.data.mysql.server import PrivateServer
from local.emulator.rds_proxy.iam import AccessKey
from local.emulator.rds_proxy.settings import ProxyUsers
from tests.integration.rds_proxy.conftest import USERS, Proxied, direct
from tests.support.rds_proxy import HOST

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
RECORDS = {bytes([number]): bytes([number]) * 9 for number in range(50)}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Secrets Manager as moto has it."""
    moto = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret)
    _client.cache_clear()
    yield
    _client.cache_clear()
    moto.stop()


def test_a_rotation_under_load_loses_no_request(aws: None, server: PrivateServer, database: str) -> None:
    load(server.url(database), RECORDS.items())
    secrets = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name=database, SecretString=json.dumps({"username": "rotated", "password": "first"}))[
        "ARN"
    ]
    with closing(direct(server, user="root")) as admin, admin.cursor() as cursor:
        cursor.execute("CREATE USER rotated IDENTIFIED BY 'first'")
        cursor.execute("GRANT SELECT ON *.* TO rotated")
        wrong: list[object] = []
        fetched = [0]
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                # A lifetime of 50 ms: connects all the time.
                for key, record in RECORDS.items():
                    try:
                        if store.fetch(key) != record:
                            wrong.append(key)
                    except Unavailable as problem:
                        wrong.append(problem)
                    fetched[0] += 1

        url = f"mysql://{HOST}:{server.port}/{database}?secret={quote(arn)}&lifetime=0.05"
        with closing(open_store(url)) as store:
            threads = [threading.Thread(target=ask) for _ in range(2)]
            for thread in threads:
                thread.start()
            for password in ("second é", "third"):
                time.sleep(0.4)
                # Readers have the old one in memory, and read the new one when the database refuses it.
                secrets.put_secret_value(
                    SecretId=arn, SecretString=json.dumps({"username": "rotated", "password": password})
                )
                cursor.execute(f"ALTER USER rotated IDENTIFIED BY '{password}'")
            time.sleep(0.4)
            ended.set()
            for thread in threads:
                thread.join()
        cursor.execute("DROP USER rotated")
    assert wrong == []
    assert fetched[0] > 100


def test_a_store_signs_in_by_tokens(
    aws: None, proxied: Proxied, server: PrivateServer, database: str, tmp_path: Path
) -> None:
    load(server.url(database), RECORDS.items())
    users = ProxyUsers(USERS.passwords, (KEY,))
    proxy = proxied(front={"tls": tmp_path, "users": users}, iam_auth=True, require_tls=True)
    url = f"mysql://reader@{HOST}:{proxy.port}/{database}?auth=iam&ca={quote(proxy.ca)}"
    with closing(open_store(url)) as store:
        assert store.fetch_many(list(RECORDS)) == list(RECORDS.values())
    assert proxy.pins() == []
    with closing(open_store(url.replace("reader@", "nosuch@"))) as store, pytest.raises(Unavailable, match="1045"):
        store.fetch(b"\1")
