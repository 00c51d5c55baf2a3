from __future__ import annotations

from local.cost.meanings import MEANINGS
from local.cost.resources.resource import Resource
from local.docs import cost as docs


def test_every_resource_of_a_configuration_is_documented() -> None:
    for name, resource in docs.RESOURCES.items():
        assert issubclass(resource, Resource)
        assert (resource.__doc__ or "").startswith(f"`[{name}]`"), name


def test_every_item_has_a_meaning_in_plain_words() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in MEANINGS.values())
