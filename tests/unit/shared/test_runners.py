"""How stores are opened late, and what the template reader understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.runner import Unavailable
from crossover.settings import SettingError
from crossover.stores import load
from crossover.stores.lazy import LazyStore, check_store, store_of
from functions.qrcode.handler import SERVICE as QRCODE
from tests.services.notes import SERVICE as NOTES
from tests.unit.shared.test_seam import Shelf


def test_a_lazy_store_is_opened_at_the_first_question_and_once() -> None:
    opened = []

    def opener() -> Shelf:
        opened.append(Shelf(a=b"one"))
        return opened[-1]

    store = LazyStore(opener)
    store.close()
    assert opened == []
    assert store.fetch(b"a") == b"one"
    assert store.version() == "1"
    with pytest.raises(NotImplementedError):
        store.fetch_many([b"a"])
    store.close()
    assert [shelf.closed for shelf in opened] == [True]


def test_a_store_that_cannot_be_opened_is_tried_again_at_the_next_question() -> None:
    answers = iter([None, Shelf(a=b"one")])

    def opener() -> Shelf:
        shelf = next(answers)
        if shelf is None:
            raise Unavailable("not yet")
        return shelf

    store = LazyStore(opener)
    with pytest.raises(Unavailable):
        store.fetch(b"a")
    assert store.fetch(b"a") == b"one"


def test_a_service_that_fetches_nothing_has_no_store() -> None:
    assert store_of(QRCODE, {}) is None


def test_a_service_without_its_stores_address_is_unavailable_and_says_which_setting() -> None:
    store = store_of(NOTES, {})
    assert store is not None
    with pytest.raises(Unavailable, match="NOTES_STORE is not set"):
        store.fetch(b"a")


@pytest.mark.parametrize("url", ["", "sqlite:////nowhere/notes.db"])
def test_a_store_that_is_not_there_yet_is_no_fault_of_the_settings(url: str) -> None:
    check_store(NOTES, {"NOTES_STORE": url})


def test_an_address_that_is_none_of_a_store_names_its_setting() -> None:
    with pytest.raises(SettingError, match=r"^NOTES_STORE: a store's URL begins with"):
        check_store(NOTES, {"NOTES_STORE": "redis://somewhere"})


def test_checking_a_store_leaves_nothing_open(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/notes.db"
    load(url, [(b"one", b"note")])
    check_store(NOTES, {"NOTES_STORE": url})
    check_store(QRCODE, {})
