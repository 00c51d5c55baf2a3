"""Each rule has a basis, a source and a test that is there."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from local.emulator.rds_proxy import client, pins
from local.emulator.rds_proxy.rules import BASES, rules
from local.emulator.rds_proxy.settings import ProxyPolicies

TESTS = Path(__file__).parents[3]


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_every_rule_has_a_basis_and_a_test(rule: object) -> None:
    assert rule.basis in BASES
    file, _, name = rule.test.partition("::")
    sources = [path.read_text() for path in TESTS.rglob(f"rds_proxy/{file}")]
    assert any(f"def {name}(" in source for source in sources), rule.test


def test_every_reason_to_pin_names_a_rule() -> None:
    source = "".join(Path(module.__file__ or "").read_text() for module in (pins, client))
    named = set(re.findall(r'"(pin-[a-z-]+)"', source))
    assert len(named) >= 9
    assert named <= set(rules())


def test_every_policy_has_a_rule() -> None:
    assert {field.name for field in fields(ProxyPolicies)} == {rule.policy for rule in rules().values()} - {""}
