"""`make test-sam`: the template through `sam build`, `sam local invoke` and `sam local start-api`, answers checked."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from crossover.runner import InlineRunner
from crossover.stores import open_store
from functions.registry import load
from local.emulator.template import read_template
from local.paths import ROOT
from local.workloads.mix import result_of
from tests.support.sam import Sam

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1200)]


class Case(NamedTuple):
    """A request, and its right answer: the first line, and a result that says the same."""

    function: str
    service: str
    query: str
    first_line: str
    result: str
    same: Callable[[bytes, bytes], bool]

    def check(self, status: object, body: object) -> None:
        """Compare an answer with the right one."""
        first_line, feed, result = str(body).partition("\n")
        assert (status, first_line + feed) == (200, self.first_line), str(body)[:300]
        assert self.same(result.encode(), self.result.encode()), f"{self.query}: {result[:300]}"


def cases_of(source: Path) -> Iterator[Case]:
    """Every example of every service, and a user of the store, answered by the service alone."""
    functions = {function.service: function for function in read_template(source / "template.yaml").functions.values()}
    runner = InlineRunner(open_store(f"sqlite:///{source / 'layers/store/twitter.db'}"))
    for service in load():
        function = functions[service.name]
        head = f"{function.environment['TEAM_NAME']},{function.environment['TEAM_AWS_ACCOUNT']}\n"
        queries = [example.query for example in service.examples]
        if service.stored:
            queries.append(known_user(source, lambda query, of=service: result_of(of, query, runner).decode()))
        for query in queries:
            result = result_of(service, query, runner).decode()
            yield Case(function.name, service.name, query, head, result, service.same)


def known_user(source: Path, answer: Callable[[str], str]) -> str:
    """A query for a sender of the synthetic tweets that the store has."""
    for line in (source.parent / "tweets.json").read_bytes().split(b"\n"):
        with suppress(ValueError, KeyError, TypeError):
            query = f"user_id={int(json.loads(line)['user']['id'])}&type=both&phrase=a&hashtag=b"
            if answer(query) != "INVALID":
                return query
    raise AssertionError("the store knows no sender")


def test_the_template_is_clean_for_sam_validate(installed: Sam) -> None:
    installed.run("validate", "--lint", "--template", str(ROOT / "template.yaml"), "--region", "us-east-1")


def test_every_answer_is_right_through_sam_local_invoke_and_start_api(sam: Sam, source: Path, tmp_path: Path) -> None:
    cases = list(cases_of(source))
    for case in cases:
        event = tmp_path / "event.json"
        events = [str(Path(sys.executable).with_name("crossover")), "events", case.service, case.query]
        event.write_text(subprocess.run(events, check=True, capture_output=True, text=True).stdout)
        answer = json.loads(sam.invoke(case.function, event))
        case.check(answer.get("statusCode"), answer.get("body"))
    with sam.start_api() as api:
        for case in cases:
            with urllib.request.urlopen(f"{api}/{case.service}?{case.query}", timeout=60) as answer:
                case.check(answer.status, answer.read().decode())
