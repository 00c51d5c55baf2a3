"""Where an environment's steps are put together: image, packages and release between the stacks, and what is smoked."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from local.deploy import image
from local.deploy.account.aws import Aws
from local.deploy.account.cloud import Say
from local.deploy.account.down import cluster_of
from local.deploy.account.environment import Environment
from local.deploy.account.packages import package, with_packages
from local.deploy.account.release import Installer
from local.deploy.account.stacks import EKS_BALANCER, FUNCTIONS, IMAGE, Stack
from local.deploy.account.up import Steps
from local.deploy.docker import Docker
from local.emulator import artifacts
from local.emulator.template import read_template
from local.errors import UserError
from local.measure.results import commit
from local.paths import BUILD

UNBUILT = "unbuilt"
"""The bucket in a template that is only looked at."""


def plain_body(stack: Stack, outputs: Mapping[str, str]) -> str:
    """Return a stack's template as it stands in the repository; the functions' without packages."""
    if stack.kind != "functions":
        return stack.template.read_text()
    names = [name for name, resource in stack.document["Resources"].items() if "Serverless" in resource["Type"]]
    return with_packages(stack.document, UNBUILT, {name: Path(f"{name}.zip") for name in names})


class Wiring:
    """The steps of one environment in one account."""

    def __init__(self, aws: Aws, environment: Environment, say: Say, given_image: str = "") -> None:
        self._aws, self._environment, self._say, self._image = aws, environment, say, given_image
        self.installer = Installer(aws.session, environment, say)
        self._packages: dict[str, Path] = {}

    def steps(self) -> Steps:
        """Return what happens between the stacks."""
        before = {"functions": self._upload, "monitoring": self._release}
        if self._environment.contained:
            before["cluster" if "eks" in self._environment.platforms else "ecs"] = self._push
        return Steps(self.body, before)

    def body(self, stack: Stack, outputs: Mapping[str, str]) -> str:
        """Return a stack's template, the functions' with packages that are built here."""
        if stack.kind != "functions":
            return stack.template.read_text()
        return with_packages(stack.document, outputs.get("PackagesBucket", UNBUILT), self._built())

    def _built(self) -> dict[str, Path]:
        if not self._packages:
            self._say("building the functions")
            made = artifacts.build(read_template(FUNCTIONS), "lambda", BUILD / "lambda", say=lambda _: None)
            self._packages = package(made, BUILD / "packages")
        return self._packages

    def _upload(self, outputs: Mapping[str, str]) -> Mapping[str, str]:
        bucket = outputs["PackagesBucket"]
        put = [path.name for path in self._built().values() if self._aws.upload(bucket, path.name, path)]
        self._say(f"{bucket}: {len(put)} of {len(self._packages)} packages uploaded, the others are there")
        return {}

    def _push(self, outputs: Mapping[str, str]) -> Mapping[str, str]:
        """Build and push the image of this commit unless the registry has it; return its address by digest."""
        if self._image:
            return {IMAGE: self._image}
        repository, tag = outputs["RepositoryUri"], commit() or "unknown"
        digest = self._digest(repository, tag)
        if not digest:
            docker = Docker()
            image.require(docker)
            self._login(docker, repository)
            platforms = "linux/amd64" if self._environment.eks.compute == "fargate" else "linux/arm64"
            if "ecs" in self._environment.platforms:
                platforms = ",".join(dict.fromkeys((platforms, "linux/arm64")))
            self._say(f"{repository}:{tag}: building and pushing for {platforms}")
            image.build(docker, image.default_base(), f"{repository}:{tag}", platforms, push=True)
            digest = self._digest(repository, tag)
        if not digest:
            raise UserError(f"{repository}:{tag}: was pushed, and the registry does not have it")
        return {IMAGE: f"{repository}@{digest}"}

    def _digest(self, repository: str, tag: str) -> str:
        client = self._aws.session.client("ecr")
        try:
            images = client.describe_images(repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": tag}])
        except client.exceptions.ImageNotFoundException:
            return ""
        return str(images["imageDetails"][0]["imageDigest"])

    def _login(self, docker: Docker, repository: str) -> None:
        import subprocess

        data = self._aws.session.client("ecr").get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        command = docker.command("login", "--username", user, "--password-stdin", repository.partition("/")[0])
        done = subprocess.run(command, input=password, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"docker login: {' '.join(done.stderr.split())[-300:]}")

    def _release(self, outputs: Mapping[str, str]) -> Mapping[str, str]:
        if "eks" not in self._environment.platforms:
            return {}
        self.installer.install(outputs)
        balancer = self._aws.balancer_named(cluster_of(self._environment.name))
        return {EKS_BALANCER: balancer} if balancer else {}


def addresses(environment: Environment, outputs: Mapping[str, str], installer: Installer) -> dict[str, str]:
    """Return what is to be smoked, by platform."""
    found = {}
    if "HttpApi" in outputs:
        found["lambda"] = outputs["HttpApi"]
    if "EcsUrl" in outputs:
        found["ecs"] = outputs["EcsUrl"]
    if "eks" in environment.platforms and (host := installer.address()):
        found["eks"] = f"{'https' if environment.heading.certificate else 'http'}://{host}"
    return found


def services(environment: Environment) -> list[str]:
    """Return the services that a smoke test asks: Twitter once it has a database."""
    return ["qrcode", "blockchain", *(["twitter"] if environment.database is not None else [])]
