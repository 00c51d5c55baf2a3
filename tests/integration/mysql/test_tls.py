"""TLS to the database: to the server that its certificate names, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossover.runner import Unavailable
from crossover.stores import load
from crossover_mysql import driver
from crossover_mysql.store import MysqlStore
from local.data.mysql.server import PrivateServer
from tests.integration.mysql.conftest import UNSAFE
from tests.integration.mysql.records import PAIRS
from tests.support.certificates import authority

Open = Callable[[str], MysqlStore]
ASKED, RECORD = PAIRS[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def secure(server: PrivateServer, folder: Path) -> Iterator[PrivateServer]:
    """A server with a certificate, and PAIRS in it."""
    certificate = authority(folder, "server")
    options = (f"--ssl-cert={certificate}", f"--ssl-key={certificate.with_suffix('.key')}")
    with PrivateServer(folder / "mysql", options=(*UNSAFE, *options)) as running:
        load(running.url(), PAIRS)
        yield running


def test_a_certificate_that_is_known_makes_every_connection_a_secure_one(
    secure: PrivateServer, folder: Path, opened: Open
) -> None:
    store = opened(f"{secure.url()}?ca={folder / 'server.pem'}")
    assert store.fetch(ASKED) == RECORD
    ((_, cipher),) = store._query("SHOW STATUS LIKE 'Ssl_cipher'", ())
    assert cipher


def test_a_store_without_tls_is_in_the_clear(secure: PrivateServer, opened: Open) -> None:
    store = opened(secure.url())
    assert store.fetch(ASKED) == RECORD
    assert store._query("SHOW STATUS LIKE 'Ssl_cipher'", ()) == (("Ssl_cipher", ""),)


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: PrivateServer, folder: Path, opened: Open) -> None:
    authority(folder, "other")
    for options in ("tls=1", f"ca={folder / 'other.pem'}"):
        with pytest.raises(Unavailable, match="certificate verify failed"):
            opened(f"{secure.url()}?{options}").fetch(ASKED)


def test_a_server_without_tls_is_refused(server: PrivateServer, loaded: str, opened: Open) -> None:
    with pytest.raises(Unavailable, match="SSL"):
        opened(f"{loaded}?tls=1").fetch(ASKED)


def test_a_file_of_certificates_that_is_not_there_is_told(loaded: str, opened: Open) -> None:
    with pytest.raises(ValueError, match="ca is a file"):
        opened(f"{loaded}?ca=/nowhere.pem")


def test_a_file_that_holds_no_certificates_makes_no_connection(loaded: str, opened: Open, tmp_path: Path) -> None:
    (tmp_path / "rubbish.pem").write_text("rubbish")
    with pytest.raises(Unavailable, match="no connection"):
        opened(f"{loaded}?ca={tmp_path / 'rubbish.pem'}").fetch(ASKED)


def test_all_connections_share_one_context(folder: Path) -> None:
    certificate = str(authority(folder, "shared"))
    assert driver._context(certificate) is driver._context(certificate)
