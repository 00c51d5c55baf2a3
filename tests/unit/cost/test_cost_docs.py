from __future__ import annotations

from local.cost import docs
from local.cost.items import MEANINGS
from local.cost.parts.part import Part


def test_the_documents_are_what_the_code_says() -> None:
    """If this fails: python -m local.cost.docs"""
    for path in docs.DOCUMENTS:
        if path.exists():
            assert path.read_text() == docs.renewed(path.read_text()), path


def test_every_generated_part_is_in_the_documents() -> None:
    text = docs.DOCUMENTS[0].read_text()
    for name in docs.PARTS_OF_DOCUMENTS:
        assert f"<!-- cost:{name} -->" in text


def test_every_part_of_a_configuration_is_documented() -> None:
    for name, part in docs.PARTS.items():
        assert issubclass(part, Part)
        assert (part.__doc__ or "").startswith(f"`[{name}]`"), name


def test_every_item_has_a_meaning_in_plain_words() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in MEANINGS.values())
