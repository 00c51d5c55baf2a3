"""What a cluster of one's own is started with."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from local.deploy.cluster import build, settings
from local.deploy.cluster.certificates import Authority, signing_key
from local.deploy.cluster.own import Reach
from local.errors import UserError

FILES = settings.ClusterFiles(Path("/programs"), Path("/work"), Path("/sockets"))


def test_the_programs_carry_the_version_of_the_module() -> None:
    module = (build.MODULE / "go.mod").read_text()
    release = build.version(module)
    assert f"k8s.io/kubernetes {release}" in module
    flags = build.linker_flags(release)
    assert f"gitVersion={release}" in flags
    assert "gitMajor=1" in flags


def test_a_module_without_kubernetes_is_refused() -> None:
    with pytest.raises(ValueError, match="does not require"):
        build.version("module x\n")


def test_every_module_has_its_checksum() -> None:
    sums = (build.MODULE / "go.sum").read_text()
    module = (build.MODULE / "go.mod").read_text()
    assert "k8s.io/api v0.34.2 h1:" in sums
    for name in ("k8s.io/kubernetes", "go.etcd.io/etcd/server/v3", "sigs.k8s.io/metrics-server"):
        assert f"{name} v" in module
        assert f"{name} v" in sums


def test_programs_that_are_there_are_not_built_again(tmp_path: Path) -> None:
    for name in build.PROGRAMS:
        (tmp_path / name).touch()
    assert build.missing(tmp_path) == []
    build.build(tmp_path)
    (tmp_path / "kubelet").unlink()
    assert build.missing(tmp_path) == ["kubelet"]


@pytest.mark.parametrize("builds", [True, False])
def test_what_go_builds_appears_whole_and_what_it_cannot_build_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builds: bool
) -> None:
    """The `go` here is a script that writes the file, and then ends well or not."""
    script, programs = tmp_path / "go", tmp_path / "programs"
    script.write_text(f'#!/bin/sh\ntouch "$6"\necho no such >&2\necho module >&2\nexit {int(not builds)}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    if builds:
        build.build(programs)
        assert build.missing(programs) == []
        return
    with pytest.raises(UserError, match="go cannot build pause: no such module"):
        build.build(programs)
    assert list(programs.iterdir()) == []


def test_other_pins_have_another_folder() -> None:
    assert build.folder().name.startswith("cluster-")


def test_an_authority_signs_what_it_issues_with_groups_and_addresses() -> None:
    authority = Authority()
    pair = authority.issue("system:node:node", ("system:nodes",), ("127.0.0.1", "localhost"))
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    assert certificate.subject.rfc4514_string() == "CN=system:node:node,O=system:nodes"
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert b"EC PRIVATE KEY" in signing_key()


def test_a_kubeconfig_names_the_server_and_carries_the_certificates(tmp_path: Path) -> None:
    authority = Authority()
    config = json.loads(settings.kubeconfig(authority.certificate, authority.issue("admin", ("system:masters",))))
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    pem = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"])
    ssl.create_default_context(cadata=pem.decode())


def test_nothing_listens_but_on_loopback_and_the_pods_bridge() -> None:
    api, controllers = settings.api_server(FILES), settings.controller_manager(FILES)
    for command in (api, controllers, settings.scheduler(FILES), settings.proxy(FILES)):
        assert "--bind-address=127.0.0.1" in command
    assert f"--bind-address={settings.NODE_ADDRESS}" in settings.metrics_server(FILES)
    assert all("0.0.0.0" not in word for word in settings.etcd(FILES))  # noqa: S104
    assert json.loads(settings.kubelet_config(FILES))["address"] == settings.NODE_ADDRESS


def test_the_runtime_may_run_where_no_process_may_lower_its_score() -> None:
    config = tomllib.loads(settings.containerd_config(FILES))
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == settings.PAUSE
    assert settings.containerd(FILES)[0] == "containerd"


def test_pods_have_addresses_of_the_bridge() -> None:
    (bridge, _) = json.loads(settings.cni_config(FILES))["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": settings.PODS}]]
    assert settings.NODE_ADDRESS.startswith("10.244.0.")
    assert settings.kubelet(FILES)[0] == "/programs/kubelet"


def test_a_command_runs_in_the_clusters_network() -> None:
    assert Reach(Path("config"), ("nsenter", "--net=x")).command("kubectl", "get") == [
        "nsenter",
        "--net=x",
        "kubectl",
        "get",
    ]
