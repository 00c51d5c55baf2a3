"""What a user reads who has just installed the chart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.deploy.chart import manifests, programs

Notes = Callable[..., str]


@pytest.fixture
def notes(helm: None) -> Notes:
    """The notes of a values file."""

    def read(values: str, *more: str) -> str:
        try:
            return manifests.notes(values, *more)
        except programs.NotHere as problem:
            pytest.skip(f"NOT RUN: the chart's notes are not read: {problem}")

    return read


def test_the_notes_say_how_to_switch_the_readiness_gates_on(notes: Notes) -> None:
    label = "kubectl label namespace crossover elbv2.k8s.aws/pod-readiness-gate-inject=enabled"
    assert label in notes("nodes")
    assert label in notes("fargate")
    assert "readiness-gate" not in notes("laptop")


def test_the_notes_say_how_to_reach_and_to_test_the_release(notes: Notes) -> None:
    asked = "--functions-only --service blockchain --service qrcode --service twitter\n"
    assert f"crossover smoke http://ADDRESS {asked}" in notes("nodes")
    assert "port-forward service/crossover-qrcode 8080:8080\n" in notes("laptop")


def test_the_notes_test_the_address_that_the_values_give_and_what_is_enabled(notes: Notes) -> None:
    secure = "ingress.host=api.example.com,ingress.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
    read = notes("nodes", "--set", f"{secure},services.twitter.enabled=false")
    assert "crossover smoke https://api.example.com --functions-only --service blockchain --service qrcode\n" in read
    assert "crossover smoke http://ADDRESS" in notes("nodes", "--set", "ingress.host=*.example.com")


def test_the_notes_say_which_store_is_missing_and_how_to_make_it(notes: Notes) -> None:
    assert "create secret generic crossover-twitter-store --from-file=url=FILE" in notes("nodes")
    assert "create configmap crossover-demo-store --from-file=store.db=FILE" in notes("laptop")
    without = notes("laptop", "--set", "services.twitter.store.configMap=")
    assert "twitter has no store and answers 503" in without


def test_the_notes_say_which_service_a_drained_node_interrupts(notes: Notes) -> None:
    read = notes("nodes", "--set", "services.qrcode.autoscaling.min=1")
    assert "qrcode may have one pod alone: a drained node" in read
    assert "twitter may have one pod" not in read
    assert "one pod alone" not in notes("laptop")


def test_the_notes_say_how_to_go_back(notes: Notes) -> None:
    assert "helm rollback crossover --namespace crossover" in notes("nodes")


def test_only_where_pod_identity_is_chosen_its_association_is_explained(notes: Notes) -> None:
    assert "create-pod-identity-association" in notes("nodes", "--set", "identity=pod-identity")
    for values in manifests.PLATFORMS:
        assert "create-pod-identity-association" not in notes(values)
