"""The requests of a smoke test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.runner import InlineRunner
from crossover.seam import Example, Fetch, Invalid, Request, Service, Step
from functions import registry
from local.errors import UserError
from local.load.smoke.selection import cases_here, chosen_cases
from local.workloads.cases import expected_of, platform_cases, service_cases
from local.workloads.judge import ExpectedResult, Plain
from tests.services.notes import SERVICE as NOTES

VECTORS = Path(__file__).parents[2] / "vectors"


@pytest.mark.parametrize("name", registry.SERVICES)
def test_every_published_example_of_every_service_is_asked_for(name: str) -> None:
    (service,) = registry.load([name])
    asked = {case.path: case.expected for case in cases_here(service)}
    for example in service.examples:
        expected = asked[f"/{name}?{example.query}"]
        assert isinstance(expected, ExpectedResult)
        if example.result is not None:
            assert expected.result == example.result.encode()


@pytest.mark.parametrize("name", registry.SERVICES)
def test_every_service_is_asked_for_invalid_answers_with_their_whole_reasons(name: str) -> None:
    (service,) = registry.load([name])
    bad = [case for case in cases_here(service) if getattr(case.expected, "result", None) == b"INVALID"]
    assert len(bad) >= 3
    for case in bad:
        assert isinstance(case.expected, ExpectedResult)
        assert case.expected.reason.partition(":")[0] in service.reasons, case


def test_the_published_vectors_of_the_qr_code_are_what_the_cases_expect() -> None:
    published = {
        each["data"]: each["expect"].encode()
        for each in json.loads((VECTORS / "qrcode.json").read_text())
        if each["op"] == "encode"
    }
    (service,) = registry.load(["qrcode"])
    for text, code in published.items():
        assert expected_of(service, f"type=encode&data={text.replace(' ', '+')}", InlineRunner()).result == code


class Records:
    """A store with one note."""

    def fetch(self, key: bytes) -> bytes | None:
        return b"hello" if key == b"1" else None

    def fetch_many(self, keys: list[bytes]) -> list[bytes | None]:
        return [self.fetch(key) for key in keys]

    def version(self) -> str:
        return "1"

    def close(self) -> None: ...


def _lookup(request: Request) -> Step:
    return Fetch(request.one(b"id"), lambda record: _there(record))


def _there(record: bytes | None) -> bytes:
    if record is None:
        raise Invalid("nothing", "there is no such record")
    return record


STORED = Service(
    "stored", "", _lookup, (), ("nothing",), (Example("One", "id=1"), Example("None", "id=2")), stored=True
)


def test_answers_of_a_known_store_are_known() -> None:
    expected = {case.asked: case.expected for case in service_cases(STORED, InlineRunner(Records()))}
    assert expected["One"] == ExpectedResult(b"hello")
    assert expected["None"] == ExpectedResult(b"INVALID", "nothing: there is no such record")


def test_answers_of_a_store_that_nobody_names_are_judged_by_their_form_and_the_others_as_ever() -> None:
    expected = {case.asked: case.expected for case in service_cases(STORED, None)}
    assert expected["One"] == ExpectedResult(None, codes=("nothing",))
    assert expected["without id"] == ExpectedResult(b"INVALID", "parameter: id is missing")
    assert not any(asked.startswith("of the usual mix") for asked in expected)


def test_a_published_invalid_has_the_reason_that_the_service_gives_here() -> None:
    def start(_: Request) -> Step:
        raise Invalid("length", "too long")

    service = Service("s", "", start, (), ("length",), (Example("Bad", "a=1", "INVALID"),))
    assert next(service_cases(service, InlineRunner())).expected == ExpectedResult(b"INVALID", "length: too long")


def test_a_service_without_examples_has_nothing_to_be_asked_about() -> None:
    service = Service("s", "", lambda _: b"", (), ())
    assert list(service_cases(service, InlineRunner(), of_the_mix=0)) == []


def test_behind_a_front_door_of_functions_nothing_is_asked_that_only_a_pod_has() -> None:
    paths = [case.path for case in platform_cases(NOTES, functions_only=True)]
    assert paths == ["/notes", "/nowhere"]
    assert all(isinstance(case.expected, Plain) for case in platform_cases(NOTES, functions_only=True))
    twice = [case for case in chosen_cases(["qrcode"], functions_only=True) if case.asked.endswith("twice")]
    assert twice == []


def test_a_service_that_is_not_in_the_bundle_is_one_line() -> None:
    with pytest.raises(UserError, match=r"--service takes a service of the bundle: qrcode, .*; not 'nosuch'"):
        chosen_cases(["nosuch"])


def test_a_store_that_is_named_and_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWITTER_STORE", f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(UserError, match="TWITTER_STORE: no store at"):
        chosen_cases(["twitter"])


def test_a_limit_that_cannot_be_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC_MAX_CHARACTERS", "many")
    with pytest.raises(UserError, match="CC_MAX_CHARACTERS takes a whole number"):
        chosen_cases(["blockchain"])
