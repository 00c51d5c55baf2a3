"""From a URL to the adapter."""

import subprocess
import sys

import pytest

from crossover.stores import ADAPTERS, load, open_store

BAD = [
    "",
    "records.db",
    "/records.db",
    "sqlite",
    "sqlite:",
    "sqlite:/x",
    "postgres://user:secret@host/db",
    "SQLITE:///x",
]


@pytest.mark.parametrize("url", BAD)
def test_a_url_of_no_known_scheme_is_refused_with_those_that_are(url):
    for use in (open_store, lambda url: load(url, [])):
        with pytest.raises(ValueError, match="begins with sqlite:// or mysql:// or dynamodb://") as refused:
            use(url)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite://records.db", "sqlite://user:secret@host/x", "sqlite:///a\0b"]
)
def test_a_sqlite_url_without_a_path_is_refused(url):
    for use in (open_store, lambda url: load(url, [])):
        with pytest.raises(ValueError, match="sqlite:///PATH") as refused:
            use(url)
        assert "secret" not in str(refused.value)


def test_nothing_of_an_adapter_is_imported_before_it_is_asked_for():
    script = f"import sys, crossover.stores; print({set(ADAPTERS.values())!r} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
