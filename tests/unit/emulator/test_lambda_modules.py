"""Every function's entry, imported as Lambda imports it."""

from __future__ import annotations

from importlib import import_module

import pytest

from local.emulator.artifacts import TEMPLATE
from local.emulator.template import read_template

HANDLERS = [function.handler for function in read_template(TEMPLATE).functions.values()]


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_entry_answers_a_plain_event(handler: str) -> None:
    module, _, name = handler.rpartition(".")
    assert getattr(import_module(module), name)({"parameters": {}}, None)["body"].endswith("\nINVALID")
