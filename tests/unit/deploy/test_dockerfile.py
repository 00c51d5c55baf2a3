"""What the Dockerfile and its context promise, read from the files."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import pytest

from local.deploy.image import DOCKERFILE, LOCK, WHEELS, default_base
from local.paths import ROOT


class Instruction(NamedTuple):
    word: str
    text: str


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions, continued lines joined, comments left out."""
    lines = (line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#"))
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [
        Instruction(word, " ".join(text.split())) for word, _, text in (s.partition(" ") for s in joined.split("\n"))
    ]


ALL = instructions()
LAST = ALL[max(number for number, each in enumerate(ALL) if each.word == "FROM") :]


def only(word: str) -> str:
    """The text of the one instruction of a kind in the last stage."""
    (text,) = (each.text for each in LAST if each.word == word)
    return text


def test_both_stages_are_made_from_one_base_that_a_build_may_choose() -> None:
    assert [each.text for each in ALL if each.word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    assert ALL[0] == Instruction("ARG", f"BASE={default_base()}")


def test_the_default_base_is_a_slim_python_of_one_minor_version_and_debian_without_a_registry() -> None:
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", default_base())


def test_the_user_is_a_number_so_that_kubernetes_can_see_that_it_is_not_root() -> None:
    user, group = only("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_it_is_started_without_a_shell_and_stopped_by_sigterm() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["python3", "-m", "container"]
    assert only("STOPSIGNAL") == "SIGTERM"
    assert not [each for each in LAST if each.word == "CMD"]


def test_it_listens_on_every_address_of_the_pod_and_says_where() -> None:
    variables = dict(pair.split("=") for pair in only("ENV").split())
    assert variables["HOST"] == "0.0.0.0"  # noqa: S104
    assert variables["PORT"] == only("EXPOSE")


def test_no_bytecode_is_written_where_nothing_can_be_and_all_of_it_is_made_before() -> None:
    variables = dict(pair.split("=") for pair in only("ENV").split())
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert any("compileall" in each.text and "unchecked-hash" in each.text for each in ALL if each.word == "RUN")


def test_the_last_stage_runs_nothing_and_takes_one_folder_from_the_first() -> None:
    assert [each.text for each in LAST if each.word in ("COPY", "ADD", "RUN")] == ["--from=build /opt /opt"]


def test_packages_come_by_their_hashes_without_a_network_or_a_cache() -> None:
    (install,) = (each.text for each in ALL if "pip install" in each.text)
    for option in ("--no-index", "--require-hashes", "--no-deps", "--no-cache-dir"):
        assert option in install
    assert "apt-get" not in DOCKERFILE.read_text()


def test_no_step_knows_an_architecture_or_a_service() -> None:
    from functions.registry import SERVICES

    text = " ".join(each.text for each in ALL)
    for word in ("amd64", "x86_64", "arm64", "aarch64", "TARGETARCH", *SERVICES):
        assert word not in text


def test_the_lock_is_the_same_for_every_machine_so_that_any_machine_can_fetch_the_wheels() -> None:
    assert ";" not in LOCK.read_text()


def test_the_build_context_is_a_list_of_what_goes_in_and_the_dockerfile_copies_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = [line[1:] for line in rules if line.startswith("!")]
    copied = [
        part.rstrip("/")
        for each in ALL
        if each.word == "COPY" and "--from" not in each.text
        for part in each.text.split()[:-1]
    ]
    for source in copied:
        assert any(rule == source or source.startswith(f"{rule}/") for rule in allowed), source
    for rule in allowed:
        assert any(rule == source or rule.startswith(f"{source}/") for source in copied), rule
    # Docker's classic builder passes over folders below one that only a wildcard names.
    assert not [rule for rule in allowed if "*" in rule]
    assert WHEELS.relative_to(ROOT).as_posix() in allowed


SOURCES = (
    *("functions", "container", "layers/shared/crossover"),
    *("layers/mysql/crossover_mysql", "layers/dynamodb/crossover_dynamodb", "layers/cache/crossover_cache"),
)


@pytest.mark.parametrize("package", SOURCES)
def test_every_package_that_a_pod_imports_is_copied(package: str) -> None:
    assert any(each.word == "COPY" and each.text.startswith(f"{package}/ ") for each in ALL)
