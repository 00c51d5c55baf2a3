"""The release in an EKS cluster: a kubeconfig with a token of one's credentials, the controller's chart, and ours."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.deploy.account.cloud import Say
from local.deploy.account.down import cluster_of
from local.deploy.account.environment import Environment
from local.deploy.chart.manifests import CHART
from local.deploy.chart.programs import NotHere, helm, kubectl
from local.errors import UserError

NAMESPACE = RELEASE = "crossover"
CONTROLLER = "aws-load-balancer-controller"
CONTROLLER_CHARTS = "https://aws.github.io/eks-charts"
CONTROLLER_VERSION = "1.13.4"
TOKEN_SECONDS = 60
"""For which the request is signed, as by EKS' own token command; EKS takes the token for 15 minutes."""
MINUTES = "10m"


def values(environment: Environment, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the chart's values for an environment, over those of its platform's file."""
    heading, fargate = environment.heading, environment.eks.compute == "fargate"
    repository, _, digest = outputs["Image"].partition("@")
    given: dict[str, Any] = {
        "image": {"repository": repository, "digest": digest},
        "pods": {"settings": {"TEAM_NAME": heading.team, "TEAM_AWS_ACCOUNT": heading.account}},
        "ingress": {
            "scheme": "internet-facing" if heading.public else "internal",
            "certificateArn": heading.certificate,
        },
        "services": {"twitter": {"enabled": environment.database is not None}},
    }
    if environment.database is not None and fargate:
        given["services"]["twitter"]["roleArn"] = outputs["TwitterRoleArn"]
    elif environment.database is not None:
        given["identity"] = "pod-identity"
    return given


def controller_values(environment: Environment, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the load balancer controller's chart."""
    account: dict[str, Any] = {"create": True, "name": CONTROLLER}
    if outputs.get("BalancingRoleArn"):
        account["annotations"] = {"eks.amazonaws.com/role-arn": outputs["BalancingRoleArn"]}
    return {
        "clusterName": cluster_of(environment.name),
        "region": environment.heading.region,
        "vpcId": outputs["VpcId"],
        "serviceAccount": account,
        "defaultTags": {"crossover:environment": environment.name},
        "enableServiceMutatorWebhook": False,
        # Its role may ask neither WAF nor Shield: the stack's policy is the controller's own without them.
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
    }


def token(session: Any, cluster: str) -> str:
    """Return a token for a cluster: a signed request of who one is, which EKS sends to find out."""
    from botocore.signers import RequestSigner

    client = session.client("sts")
    service = client.meta.service_model.service_id
    signer = RequestSigner(service, session.region_name, "sts", "v4", session.get_credentials(), session.events)
    host = f"https://sts.{session.region_name}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request = {"method": "GET", "url": host, "body": {}, "headers": {"x-k8s-aws-id": cluster}, "context": {}}
    url = signer.generate_presigned_url(
        request, region_name=session.region_name, expires_in=TOKEN_SECONDS, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def kubeconfig(described: Mapping[str, Any], bearer: str) -> str:
    """Return a kubeconfig for a cluster as EKS describes it."""
    cluster = {
        "server": described["endpoint"],
        "certificate-authority-data": described["certificateAuthority"]["data"],
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "eks", "cluster": cluster}],
            "users": [{"name": "caller", "user": {"token": bearer}}],
            "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "caller"}}],
            "current-context": "eks",
        }
    )


class Installer:
    """helm and kubectl against one environment's cluster."""

    def __init__(self, session: Any, environment: Environment, say: Say) -> None:
        self._session, self._environment, self._say = session, environment, say

    def install(self, outputs: Mapping[str, str]) -> None:
        """Install or upgrade the controller and the release. Raises `UserError` with the end of what helm printed."""
        environment = self._environment
        platform = "fargate" if environment.eks.compute == "fargate" else "nodes"
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": NAMESPACE,
                "labels": {
                    "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            },
        }
        with _config(self._session, self._environment.name) as config:
            self._say("helm: the load balancer controller")
            chart = (CONTROLLER, CONTROLLER, "--repo", CONTROLLER_CHARTS, "--version", CONTROLLER_VERSION)
            self._helm(config, chart, "kube-system", controller_values(environment, outputs))
            _run([str(kubectl()), "--kubeconfig", config, "apply", "-f", "-"], json.dumps(namespace))
            if "StoreUrl" in outputs:
                _run([str(kubectl()), "--kubeconfig", config, "apply", "-f", "-"], _store(outputs["StoreUrl"]))
            self._say("helm: the release, until its pods are ready")
            release = (RELEASE, str(CHART), "--values", str(CHART / f"values-{platform}.yaml"))
            self._helm(config, release, NAMESPACE, values(environment, outputs))

    def address(self) -> str:
        """Return the load balancer's host name, "" while it has none."""
        with _config(self._session, self._environment.name) as config:
            command = [str(kubectl()), "--kubeconfig", config, "--namespace", NAMESPACE, "get", "ingress", RELEASE]
            return _run([*command, "-o", "jsonpath={.status.loadBalancer.ingress[0].hostname}"], "")

    def _helm(self, config: str, chart: tuple[str, ...], namespace: str, given: Mapping[str, Any]) -> None:
        command = [str(helm()), "--kubeconfig", config, "upgrade", "--install", *chart, "--namespace", namespace]
        _run([*command, "--values", "-", "--wait", "--timeout", MINUTES], json.dumps(given))


def uninstall(session: Any, environment: str, say: Say) -> None:
    """Uninstall an environment's release, whose ingress the controller then removes the load balancer of, then that.

    Its name is enough: the file of an environment whose time is over may be gone. Raises `UserError`.
    """
    with _config(session, environment) as config:
        for name, namespace in ((RELEASE, NAMESPACE), (CONTROLLER, "kube-system")):
            say(f"helm: uninstalling {name}")
            command = [str(helm()), "--kubeconfig", config, "uninstall", name, "--namespace", namespace]
            _run([*command, "--ignore-not-found", "--wait", "--timeout", MINUTES], "")


@contextmanager
def _config(session: Any, environment: str) -> Iterator[str]:
    cluster = cluster_of(environment)
    described = session.client("eks").describe_cluster(name=cluster)["cluster"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.touch(0o600)
        path.write_text(kubeconfig(described, token(session, cluster)))
        yield str(path)


def _store(url: str) -> str:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "crossover-twitter-store", "namespace": NAMESPACE},
        "stringData": {"url": url},
    }
    return json.dumps(secret)


def _run(command: list[str], text: str) -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True)
    except NotHere as problem:
        raise UserError(str(problem)) from None
    if done.returncode:
        name = Path(command[0]).name.partition("-")[0]
        raise UserError(f"{name}: {' '.join((done.stderr or done.stdout).split())[-500:]}")
    return done.stdout
