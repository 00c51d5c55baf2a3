"""What somebody reads who has just installed the chart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.chart import manifests, programs

Notes = Callable[[str], str]


@pytest.fixture
def notes(helm: None) -> Notes:
    """The notes of a values file."""

    def read(values: str) -> str:
        try:
            return manifests.notes(values)
        except programs.NotHere as problem:
            pytest.skip(f"NOT RUN: the chart's notes are not read: {problem}")

    return read


def test_the_notes_say_how_to_switch_the_readiness_gates_on(notes: Notes) -> None:
    label = "kubectl label namespace crossover elbv2.k8s.aws/pod-readiness-gate-inject=enabled"
    assert label in notes("nodes")
    assert label in notes("fargate")
    assert "readiness-gate" not in notes("laptop")


def test_the_notes_say_how_to_reach_and_to_test_the_release(notes: Notes) -> None:
    assert "crossover smoke http://ADDRESS --functions-only" in notes("nodes")
    assert "port-forward service/crossover-qrcode 8080:80" in notes("laptop")


def test_the_notes_say_which_secret_is_missing_and_how_to_make_it(notes: Notes) -> None:
    assert "create secret generic crossover-twitter-store --from-file=url=FILE" in notes("nodes")
    assert "twitter has no store and answers 503" in notes("laptop")


def test_the_notes_say_how_to_go_back(notes: Notes) -> None:
    assert "helm rollback crossover --namespace crossover" in notes("nodes")


def test_only_where_pod_identity_is_chosen_its_association_is_explained(notes: Notes) -> None:
    assert "create-pod-identity-association" in notes("nodes")
    assert "create-pod-identity-association" not in notes("fargate")
