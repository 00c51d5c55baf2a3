"""An environment is read, planned, priced, brought up, compared and removed, on a recorded fake of an account.

The fake keeps stacks in memory. What AWS does with a template is not in it: tests/integration/test_account.py makes the
stacks that moto knows, and cfn-lint reads them all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from local.cost import files
from local.cost.errors import CostError
from local.deploy.account import compare, down, release, up
from local.deploy.account.bill import priced
from local.deploy.account.cloud import ResourceChange, Say, StackState, Wanted
from local.deploy.account.environment import ENVIRONMENTS, Environment, find, parse
from local.deploy.account.packages import package, with_packages, zipped
from local.deploy.account.stacks import EXPIRES, FUNCTIONS, IMAGE, TAG, document_of, stack_name, stacks
from local.deploy.account.wiring import plain_body
from local.emulator.artifacts import Artifacts
from local.errors import UserError

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ACCOUNT = "123456789012"
SHIPPED = sorted(path.stem for path in ENVIRONMENTS.glob("*.toml"))
MIX = {"qrcode": Fraction(1), "twitter": Fraction(1)}


@dataclass
class FakeCloud:
    """An account in memory that records what is asked of it."""

    kept: dict[str, StackState] = field(default_factory=dict)
    failing: str = ""
    pending: dict[str, Wanted] = field(default_factory=dict)
    controllers: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    remains: str = ""

    def account(self) -> str:
        return ACCOUNT

    def stack(self, name: str) -> StackState | None:
        return self.kept.get(name)

    def stacks(self) -> Iterator[StackState]:
        yield from [state for state in self.kept.values() if TAG in state.tags]

    def create(self, wanted: Wanted, say: Say) -> StackState:
        self.done.append(f"create {wanted.name}")
        return self._made(wanted, "CREATE_COMPLETE", "ROLLBACK_COMPLETE", say)

    def changes(self, wanted: Wanted) -> Sequence[ResourceChange]:
        self.pending[wanted.name] = wanted
        before = self.kept[wanted.name]
        return [ResourceChange("modify", "Thing", "AWS::Thing")] if before.reason != wanted.body else []

    def apply(self, name: str, say: Say) -> StackState:
        self.done.append(f"apply {name}")
        return self._made(self.pending[name], "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", say)

    def discard(self, name: str) -> None:
        self.done.append(f"discard {name}")

    def delete(self, name: str, say: Say) -> StackState | None:
        self.done.append(f"delete {name}")
        if name == self.remains:
            return replace(self.kept[name], status="DELETE_FAILED", reason="in use")
        del self.kept[name]
        return None

    def wait(self, name: str, say: Say) -> StackState | None:
        self.done.append(f"wait {name}")
        self.kept[name] = replace(self.kept[name], status="CREATE_COMPLETE")
        return self.kept[name]

    def drifted(self, name: str) -> Sequence[str]:
        return ["Balancer: modified Scheme"] if name.endswith("-ecs") else []

    def upload(self, bucket: str, key: str, file: Path) -> bool:
        return True

    def empty(self, bucket: str) -> int:
        self.done.append(f"empty {bucket}")
        return 3

    def balancers(self, cluster: str) -> Sequence[str]:
        return list(self.controllers)

    def remove_balancers(self, cluster: str) -> int:
        self.done.append(f"balancers of {cluster}")
        self.controllers.clear()
        return 1

    def tagged(self, environment: str) -> Sequence[str]:
        return [f"arn:aws:x:{name}" for name, state in self.kept.items() if state.belongs_to(environment)]

    def _made(self, wanted: Wanted, good: str, bad: str, say: Say) -> StackState:
        kind = wanted.name.rpartition("-")[2]
        status = bad if kind == self.failing else good
        if status == bad:
            say("Thing: CREATE_FAILED not enough of it")
        document = next(each for each in stacks(environment()) if each.kind == kind).document
        outputs = {name: f"{kind}-{name}" for name in document.get("Outputs") or {}}
        self.kept[wanted.name] = StackState(wanted.name, status, outputs, wanted.tags, wanted.body)
        return self.kept[wanted.name]


def environment(**changes: Any) -> Environment:
    """The demo environment, in an account."""
    document = {**files.toml(ENVIRONMENTS / "demo.toml"), "account": ACCOUNT, **changes}
    return parse("demo", document, "demo.toml")


def steps(said: list[str] | None = None) -> up.Steps:
    """The steps without image, packages and release."""
    return up.Steps(plain_body, {"cluster": lambda outputs: {IMAGE: "registry/x@sha256:0"}})


def bring_up(cloud: FakeCloud) -> dict[str, str]:
    """Bring the demo environment up."""
    return up.bring_up(cloud, environment(), steps(), NOW, lambda line: None)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_environment_is_planned_and_priced_without_an_account(name: str) -> None:
    found = find(name)
    planned = compare.offline(found)
    assert {each.action for each in planned} == {"create"}
    assert all(each.changes for each in planned)
    bill = priced(found, files.mix(MIX), files.price_book())
    assert set(bill.bills) == {"shared", *found.platforms}
    assert bill.hour == sum(part.hour for part in bill.bills.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_parameter_has_a_value_an_output_of_an_earlier_stack_or_a_default(name: str) -> None:
    outputs = {IMAGE, "EksLoadBalancer"}
    for stack in stacks(find(name)):
        parameters = stack.document.get("Parameters") or {}
        assert set(stack.given) <= set(parameters), stack.kind
        for parameter, output in stack.wants().items():
            assert output in outputs or "Default" in parameters[parameter], f"{stack.kind}: {parameter}"
        outputs |= set(stack.document.get("Outputs") or {})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"platforms": []}, "platforms: must be a list"),
        ({"platforms": ["gcp"]}, "platforms: must be a list out of lambda, eks, ecs"),
        ({"acct": "1"}, "acct: is not known"),
        ({"account": "12"}, "account: must be twelve digits"),
        ({"region": "here"}, "'here' is no region"),
        ({"eks": {"min": 5, "max": 2}}, "min: is above max"),
        ({"eks": {"instance": "m7i.large"}}, "has no Graviton processor"),
        ({"network": {"access": "public"}}, "would not reach its secret"),
        ({"network": {"access": "endpoints"}}, "come from registries outside"),
        ({"database": {"instance": "db.huge"}}, "db.huge"),
        ({"ecs": {"vcpu": Decimal(9)}}, "must be from"),
    ],
)
def test_what_an_environment_cannot_be_is_one_line_with_the_key(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(CostError, match=problem):
        environment(**changes)


def test_an_environment_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UserError, match="one of demo, preview"):
        find("nosuch")


def test_up_makes_each_stack_after_those_that_it_takes_from_with_tag_and_expiry() -> None:
    cloud = FakeCloud()
    bring_up(cloud)
    kinds = [each.kind for each in stacks(environment())]
    assert cloud.done == [f"create {stack_name('demo', kind)}" for kind in kinds]
    assert all(state.tags == {TAG: "demo", EXPIRES: "2026-11-27T20:00Z"} for state in cloud.kept.values())


def test_up_done_again_changes_nothing() -> None:
    cloud = FakeCloud()
    bring_up(cloud)
    cloud.done.clear()
    bring_up(cloud)
    assert cloud.done == []


def test_an_up_that_failed_names_the_reason_and_goes_on_when_it_is_repeated() -> None:
    cloud = FakeCloud(failing="database")
    with pytest.raises(UserError, match="crossover-demo-database: ROLLBACK_COMPLETE: Thing: CREATE_FAILED not enough"):
        bring_up(cloud)
    cloud.failing = ""
    cloud.done.clear()
    bring_up(cloud)
    assert cloud.done[:3] == [
        "delete crossover-demo-database",
        "create crossover-demo-database",
        "create crossover-demo-cluster",
    ]


def test_up_waits_for_what_is_under_way() -> None:
    cloud = FakeCloud()
    bring_up(cloud)
    name = stack_name("demo", "network")
    cloud.kept[name] = replace(cloud.kept[name], status="UPDATE_IN_PROGRESS")
    cloud.done.clear()
    bring_up(cloud)
    assert cloud.done == [f"wait {name}"]


def test_a_stack_without_the_tag_is_touched_by_neither_up_nor_down() -> None:
    name = stack_name("demo", "network")
    cloud = FakeCloud({name: StackState(name, "CREATE_COMPLETE")})
    with pytest.raises(UserError, match="lacks the tag"):
        bring_up(cloud)
    with pytest.raises(UserError, match="lacks the tag"):
        down.take_down(cloud, "demo", lambda line: None)
    assert cloud.done == []


def test_nothing_is_done_in_another_account() -> None:
    with pytest.raises(UserError, match="is of account 999999999999"):
        up.check_account(FakeCloud(), environment(account="999999999999"))
    with pytest.raises(UserError, match="its file names no account"):
        up.check_account(FakeCloud(), environment(account="000000000000"))


def test_down_removes_load_balancers_first_and_stacks_from_the_last_to_the_first() -> None:
    cloud = FakeCloud(controllers=["arn:aws:elasticloadbalancing:x:loadbalancer/app/k8s/1"])
    bring_up(cloud)
    cloud.done.clear()
    assert list(down.take_down(cloud, "demo", lambda line: None, lambda: cloud.done.append("uninstall"))) == []
    assert cloud.done[:3] == ["uninstall", "balancers of demo-crossover", "empty registry-PackagesBucket"]
    assert cloud.done[3:] == [f"delete {stack_name('demo', kind)}" for kind in down.ORDER]


def test_down_works_after_half_an_up_and_says_what_is_left() -> None:
    cloud = FakeCloud(failing="database", remains="crossover-demo-network")
    with pytest.raises(UserError):
        bring_up(cloud)
    left = down.take_down(cloud, "demo", lambda line: None)
    assert left == ["crossover-demo-network: DELETE_FAILED in use", "arn:aws:x:crossover-demo-network"]


def test_environments_whose_time_is_over_are_found() -> None:
    def state(name: str, end: str) -> StackState:
        return StackState(name, "CREATE_COMPLETE", {}, {TAG: name, EXPIRES: end})

    states = [state("old", "2026-11-27T11:59Z"), state("new", "2026-11-27T12:01Z"), state("kept", "never")]
    assert down.expired(states, NOW) == ["old"]


def test_drift_names_what_is_missing_what_the_repository_changes_and_what_was_changed_by_hand() -> None:
    cloud = FakeCloud()
    bring_up(cloud)
    del cloud.kept[stack_name("demo", "dashboard")]
    name = stack_name("demo", "network")
    cloud.kept[name] = replace(cloud.kept[name], reason="older")
    assert list(compare.drift(cloud, environment(), plain_body)) == [
        f"{name}: the repository would modify Thing (AWS::Thing)",
        "crossover-demo-ecs: by hand: Balancer: modified Scheme",
        "crossover-demo-dashboard: is not there",
    ]
    assert f"discard {name}" in cloud.done


def test_packages_are_named_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    first = zipped(tmp_path)
    (tmp_path / "a" / "x.py").touch()
    assert zipped(tmp_path) == first
    (tmp_path / "a" / "x.py").write_text("2")
    assert zipped(tmp_path) != first


def test_what_was_built_is_packaged_into_a_file_each_named_after_it_and_its_content(tmp_path: Path) -> None:
    for name in ("code", "layer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text(name)
    built = Artifacts({"Function": tmp_path / "code"}, {"Layer": tmp_path / "layer"})
    made = package(built, tmp_path / "zips")
    assert sorted(made) == ["Function", "Layer"]
    for name, path in made.items():
        assert path.name == f"{name}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.zip"


def test_the_functions_template_names_its_packages_in_the_bucket() -> None:
    document = document_of(FUNCTIONS)
    names = [name for name, each in document["Resources"].items() if "Serverless" in each["Type"]]
    body = json.loads(with_packages(document, "bucket", {name: Path(f"{name}.zip") for name in names}))
    assert body["Resources"]["QrcodeFunction"]["Properties"]["CodeUri"] == "s3://bucket/QrcodeFunction.zip"
    assert body["Resources"]["StoreLayer"]["Properties"]["ContentUri"] == "s3://bucket/StoreLayer.zip"
    assert body["Parameters"] == document["Parameters"]


def test_the_release_has_the_image_by_digest_and_the_role_that_its_platform_gives() -> None:
    outputs: Mapping[str, str] = {IMAGE: "registry/x@sha256:0", "TwitterRoleArn": "arn:role", "VpcId": "vpc-1"}
    nodes = release.values(environment(), outputs)
    assert nodes["image"] == {"repository": "registry/x", "digest": "sha256:0"}
    assert nodes["identity"] == "pod-identity"
    fargate = release.values(environment(eks={"compute": "fargate"}), outputs)
    assert fargate["services"]["twitter"] == {"enabled": True, "roleArn": "arn:role"}
    controller = release.controller_values(environment(), outputs)
    assert controller["clusterName"] == "demo-crossover"
    assert not any(controller[addon] for addon in ("enableShield", "enableWaf", "enableWafv2"))
