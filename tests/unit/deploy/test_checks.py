"""The checks of the chart find what is wrong."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from local.deploy.chart import check, manifests, programs
from local.deploy.chart.check import unjustified
from local.errors import UserError

LIMITS = {("CKV_K8S_11", "nodes"): "CPU limits should be set"}
JUSTIFIED = {("CKV_K8S_11", "nodes"): "shared in proportion"}


def test_a_finding_with_a_reason_is_no_complaint() -> None:
    assert unjustified(LIMITS, JUSTIFIED) == []


def test_a_finding_without_a_reason_is_named_with_its_values_file() -> None:
    (line,) = unjustified(LIMITS, {})
    assert line.startswith("CKV_K8S_11 on nodes: CPU limits should be set")


def test_a_reason_whose_finding_is_gone_has_to_go_too() -> None:
    (line,) = unjustified({}, JUSTIFIED)
    assert line.startswith("CKV_K8S_11 on nodes is not found any more")


def test_a_finding_is_justified_only_on_the_values_files_that_are_named() -> None:
    assert len(unjustified({**LIMITS, ("CKV_K8S_11", "fargate"): ""}, JUSTIFIED)) == 1


def test_every_justification_has_a_reason_and_names_values_files() -> None:
    for (name, values), reason in check.justifications().items():
        assert len(reason.split()) >= 8, name
        assert values in {"nodes", "fargate", "laptop"}


def test_schemas_of_both_ends_of_the_admitted_versions_are_known() -> None:
    oldest, newest = (tuple(map(int, version.split("."))) for version in check.kubernetes_versions())
    assert oldest == (1, 30)
    assert newest > oldest


def service(**spec: object) -> str:
    ports = "ports: [{port: 80}]"
    extra = "".join(f", {key}: {value}" for key, value in spec.items())
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: one}}\nspec: {{{ports}{extra}}}\n"


def test_an_object_that_fits_its_schema_is_no_complaint() -> None:
    assert list(check.against_schemas("nodes", service(), ("1.30", "1.37"))) == []


def test_a_field_that_kubernetes_does_not_know_is_named_with_its_object() -> None:
    (line,) = check.against_schemas("nodes", service(sessions="many"), ("1.37",))
    assert line.startswith("values-nodes.yaml: Service one, Kubernetes 1.37: spec: ")
    assert "sessions" in line


def test_a_kind_without_a_schema_does_not_pass_unseen() -> None:
    text = "apiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {name: one}\n"
    (line,) = check.against_schemas("", text, ("1.37",))
    assert line == "values.yaml: TargetGroupBinding one: Kubernetes 1.37 has no schema of elbv2.k8s.aws/v1beta1"


def test_where_helm_is_not_packaged_the_one_on_the_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PACKAGED_FOR", ("Plan 9", "mips"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs.NotHere, match="brew install helm"):
        programs.helm()
    (tmp_path / "helm").touch(mode=0o755)
    assert programs.helm() == tmp_path / "helm"


def test_where_helm_cannot_be_had_the_checks_say_that_they_were_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "PACKAGED_FOR", ("Plan 9", "mips"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    assert check.main() == 0
    assert capsys.readouterr().out.startswith("NOT RUN: the chart's checks: helm is not on the PATH: brew install helm")
    monkeypatch.setenv("CI", "true")
    assert check.main() == 1


def test_a_program_that_cannot_be_fetched_is_not_run_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "helm.txt"
    lock.write_text(f"crossover-nowhere-to-be-had==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(programs, "PACKAGED_FOR", (platform.system(), platform.machine()))
    monkeypatch.setattr(programs, "HELM_LOCK", lock)
    monkeypatch.setattr(programs, "WORK", tmp_path / "work")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.delenv("CI", raising=False)
    assert check.main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("NOT RUN: the chart's checks: ")
    assert "crossover-nowhere-to-be-had" in line


def test_a_chart_that_cannot_be_rendered_for_another_reason_fails_the_checks_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline() -> Path:
        raise UserError("python did not end within 600 s; it was stopped")

    monkeypatch.setattr(manifests, "helm", offline)
    assert check.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("crossover: chart: ")
