"""The tools that a step of the blockchain service could be done with: they do the same, and one of them is in use."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from typing import Any

import pytest
from rich.table import Table

from functions.blockchain.ledger import ChainRequest
from local.measure.experiments import tables
from local.measure.experiments.result import ToolFigures, ToolsResult
from local.measure.experiments.tools import TOOLS, Tool, inputs


def plain(step: str, value: Any) -> Any:
    """A result so that those of all tools compare."""
    if isinstance(value, ChainRequest):
        import msgspec

        return json.loads(msgspec.json.encode(value))
    if step == "deflate":
        return zlib.decompress(value)
    return json.loads(value) if step == "write JSON" else value


@pytest.mark.parametrize("step", sorted({tool.step for tool in TOOLS}))
def test_all_tools_of_a_step_give_the_same(step: str) -> None:
    results = [
        [plain(step, tool.use(each)) for each in inputs()[tool.inputs_of or step]]
        for tool in TOOLS
        if tool.step == step
    ]
    assert len(results) > 1
    assert all(result == results[0] for result in results)


def test_one_tool_of_each_step_is_in_use() -> None:
    assert set(Counter(tool.step for tool in TOOLS if tool.chosen).values()) == {1}
    assert {tool.step for tool in TOOLS if tool.chosen} == {tool.step for tool in TOOLS}


def test_the_table_marks_what_is_in_use_and_leaves_out_what_weighs_nothing() -> None:
    tool = Tool("inflate", "zlib", len, chosen=True)
    figures = ToolFigures(
        step=tool.step,
        tool=tool.name,
        chosen=True,
        cpu_us=1.234,
        units=2.25,
        import_ms=0.0,
        installed_mb=0.0,
        zipped_mb=0.0,
        bytes=None,
    )
    (table,) = tables.tools(ToolsResult(tools=[figures]))
    assert isinstance(table, Table)
    cells = [list(column.cells) for column in table.columns]
    assert cells == [["inflate"], ["* zlib"], ["1.23"], ["2.2"], [""], [""], [""], [""]]
