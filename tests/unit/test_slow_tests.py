"""The list of slow tests: each of its lines names a test or a file that there is, once."""

from __future__ import annotations

from pathlib import Path

from tests.support.cpu import SLOW_TESTS, slow_tests

ROOT = Path(__file__).parents[2]


def test_every_line_names_a_test_or_a_file_that_there_is() -> None:
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("*.py")}
    whole = "".join(sources.values())
    for name in slow_tests():
        file, _, test = name.partition("::")
        assert file in sources, name
        # A class may inherit its tests from another file.
        assert f"def {test.rpartition('::')[2]}(" in (whole if "::" in test else sources[file]) or not test, name


def test_no_test_is_named_beside_its_file() -> None:
    names = SLOW_TESTS.read_text().split()
    assert names == sorted(set(names))
    files = {name for name in names if "::" not in name}
    assert not [name for name in names if "::" in name and name.partition("::")[0] in files]
