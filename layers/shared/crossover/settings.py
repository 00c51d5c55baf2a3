"""Settings: environment variables with a default, a meaning and bounds, read once at a platform's edge.

A group of settings is a frozen dataclass; the field `team_name` is the variable `TEAM_NAME`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, get_type_hints

from crossover.seam import Service

Group = TypeVar("Group")


class SettingError(ValueError):
    """A setting's value cannot be used. The message is one line, names the variable and says what it takes."""


class Documented(NamedTuple):
    """A setting as the documentation lists it."""

    name: str
    default: str
    meaning: str


def setting(default: Any, meaning: str, minimum: float = 0, maximum: float = 2**31) -> Any:
    """Declare a field of a settings group. Bounds are of a number's value, or of a text's length in characters."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, "minimum": minimum, "maximum": maximum})


def load(group: type[Group], environ: Mapping[str, str]) -> Group:
    """Return the group with every value that `environ` sets; an empty one counts as unset. Raises `SettingError`."""
    hints = get_type_hints(group)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(group):  # type: ignore[arg-type]
        text = environ.get(field.name.upper(), "")
        if text:
            values[field.name] = _parse(field.name.upper(), text, hints[field.name], field.metadata)
    return group(**values)


def configured(service: Service, environ: Mapping[str, str]) -> Service:
    """Return the service with the limits that `environ` sets. Raises `SettingError`."""
    if service.settings is None or service.within is None:
        return service
    return service.within(load(service.settings, environ))


def documented(group: type[Any]) -> Iterator[Documented]:
    """Yield every setting of a group, for the documentation."""
    for field in dataclasses.fields(group):
        yield Documented(field.name.upper(), str(field.default), field.metadata["meaning"])


def _parse(name: str, text: str, kind: type, bounds: Mapping[str, Any]) -> Any:
    minimum, maximum = bounds["minimum"], bounds["maximum"]
    if kind is str:
        if not minimum <= len(text) <= maximum or not text.isprintable():
            raise SettingError(f"{name} takes printable text of {minimum} to {maximum} characters")
        return text
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not minimum <= value <= maximum:
        noun = "a whole number" if kind is int else "a number"
        raise SettingError(f"{name} takes {noun} from {minimum:.15g} to {maximum:.15g}")
    return value


@dataclasses.dataclass(frozen=True)
class Identity:
    """Who answers, and where: what both platforms are set by."""

    team_name: str = setting("Crossover", "team name, the first word of every answer", 1, 100)
    team_aws_account: str = setting("000000000000", "AWS account, the second word of every answer", 1, 32)
    base_path: str = setting("", "path before the services', such as a stage's /prod; a request may omit it", 0, 200)
