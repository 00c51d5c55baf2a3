"""What somebody reads who has just installed the chart."""

from __future__ import annotations

from local.chart import manifests


def test_the_notes_say_how_to_switch_the_readiness_gates_on(helm: None) -> None:
    label = "kubectl label namespace crossover elbv2.k8s.aws/pod-readiness-gate-inject=enabled"
    assert label in manifests.notes("nodes")
    assert label in manifests.notes("fargate")
    assert "readiness-gate" not in manifests.notes("laptop")


def test_the_notes_say_how_to_reach_and_to_test_the_release(helm: None) -> None:
    assert "crossover smoke http://ADDRESS --functions-only" in manifests.notes("nodes")
    assert "port-forward service/crossover-qrcode 8080:80" in manifests.notes("laptop")


def test_the_notes_say_which_secret_is_missing_and_how_to_make_it(helm: None) -> None:
    assert "create secret generic crossover-twitter-store --from-file=url=FILE" in manifests.notes("nodes")
    assert "twitter has no store and answers 503" in manifests.notes("laptop")


def test_the_notes_say_how_to_go_back(helm: None) -> None:
    assert "helm rollback crossover --namespace crossover" in manifests.notes("nodes")


def test_only_where_pod_identity_is_chosen_its_association_is_explained(helm: None) -> None:
    assert "create-pod-identity-association" in manifests.notes("nodes")
    assert "create-pod-identity-association" not in manifests.notes("fargate")
