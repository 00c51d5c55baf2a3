from __future__ import annotations

from local.cost import docs
from local.cost.items import MEANINGS
from local.cost.parts.part import Part


def test_every_part_of_a_configuration_is_documented() -> None:
    for name, part in docs.PARTS.items():
        assert issubclass(part, Part)
        assert (part.__doc__ or "").startswith(f"`[{name}]`"), name


def test_every_item_has_a_meaning_in_plain_words() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in MEANINGS.values())
