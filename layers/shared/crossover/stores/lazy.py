"""A store that is opened when it is first asked: a Lambda's INIT and a pod's start do not wait for a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crossover.runner import Unavailable
from crossover.seam import Service
from crossover.settings import SettingError
from crossover.stores import open_store
from crossover.stores.port import Store


class LazyStore:
    """The store that `opener` opens, from the first question on. An opening that fails is tried again at the next.

    `named` says whether there is an address to open at all.
    """

    def __init__(self, opener: Callable[[], Store], named: bool = True) -> None:
        self.named = named
        self._opener = opener
        self._store: Store | None = None

    def opened(self) -> Store:
        """Return the store, opened now if it was not. Raises `Unavailable`."""
        if self._store is None:
            self._store = self._opener()
        return self._store

    def fetch(self, key: bytes) -> bytes | None:
        """Fetch as the store does."""
        return self.opened().fetch(key)

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Fetch as the store does."""
        return self.opened().fetch_many(keys)

    def version(self) -> str:
        """Return the store's version."""
        return self.opened().version()

    def close(self) -> None:
        """Close the store if it was opened."""
        if self._store is not None:
            self._store.close()


def store_of(service: Service, environ: Mapping[str, str]) -> LazyStore | None:
    """Return the store of a service, from the setting `NAME_STORE`; None for a service that fetches nothing."""
    if not service.stored:
        return None
    variable = f"{service.name.upper()}_STORE"
    url = environ.get(variable, "")

    def opener() -> Store:
        if not url:
            raise Unavailable(f"{variable} is not set")
        return open_store(url)

    return LazyStore(opener, named=bool(url))


def check_store(service: Service, environ: Mapping[str, str]) -> None:
    """Raise `SettingError` where a service's setting is no address of a store. Whether one is there may show later."""
    store = store_of(service, environ)
    if store is not None:
        try:
            store.opened()
        except ValueError as problem:
            raise SettingError(f"{service.name.upper()}_STORE: {problem}") from problem
        except Unavailable:
            return
        store.close()
