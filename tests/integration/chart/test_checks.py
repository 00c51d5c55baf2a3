"""The checks, with helm and checkov themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local.deploy.chart import check, manifests, programs


def test_a_chart_that_cannot_be_rendered_fails_the_checks_in_one_line(
    helm: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "chart"
    shutil.copytree(manifests.CHART, broken)
    service = broken / "templates/service.yaml"
    service.write_text(service.read_text().replace("range $service,", "range $other,"))
    monkeypatch.setattr(manifests, "CHART", broken)
    assert check.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "service.yaml" in line
    assert "$service" in line


@pytest.mark.heavy
def test_checkov_reads_the_manifests_and_finds_what_is_wrong_in_them(helm: None) -> None:
    try:
        programs.checkov()
    except programs.NotHere as problem:
        pytest.skip(f"NOT RUN: checkov is not asked: {problem}")
    text = manifests.render("nodes").replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    assert ("CKV_K8S_22", "nodes") in check.findings({"nodes": text})
    with pytest.raises(check.UnreadManifestsError):
        check.findings({"nodes": ""})
