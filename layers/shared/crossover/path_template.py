"""Paths with parameters, as API Gateway writes them: `/notes/{id}` and, for all that follows, `/files/{path+}`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)(\+?)\}")
_LITERAL = re.compile(r"[^{}?#%/\s]*")


class BadTemplate(ValueError):
    """A path cannot be a template. The message is one line."""


class PathTemplate:
    """A template, taken apart once. The most specific of several is the least by `order`.

    API Gateway guide, "Working with routes for HTTP APIs": a full match goes before a greedy one.
    """

    def __init__(self, path: str) -> None:
        """Take the path apart. Raises `BadTemplate`."""
        self.path = path
        if not path.startswith("/"):
            raise BadTemplate(f"{path!r} does not begin with /")
        self._parts: list[tuple[int, str]] = []
        segments = path.split("/")[1:]
        for number, segment in enumerate(segments, 1):
            parameter = _PARAMETER.fullmatch(segment)
            if parameter is None:
                if not _LITERAL.fullmatch(segment):
                    raise BadTemplate(f"{path!r}: {segment!r} is neither text nor one {{parameter}}")
                self._parts.append((0, segment))
            elif parameter[2] and number < len(segments):
                raise BadTemplate(f"{path!r}: {segment} has to be the last part")
            else:
                self._parts.append((2 if parameter[2] else 1, parameter[1]))
        self.parameters = tuple(text for kind, text in self._parts if kind)
        """The names, in their order."""
        if len(set(self.parameters)) < len(self.parameters):
            raise BadTemplate(f"{path!r} has a parameter twice")
        self.order = tuple(kind for kind, _ in self._parts)
        self._greedy = bool(self._parts) and self._parts[-1][0] == 2

    def match(self, segments: Sequence[str], values_from: Sequence[str] | None = None) -> dict[str, str] | None:
        """Return the parameters of a path that is split at its slashes, or None where it does not match.

        A parameter is never empty.

        Args:
            segments: The parts of the path, percent-decoded each.
            values_from: The same parts in the form that the parameters are wanted in, if that is another.
        """
        wanted = segments if values_from is None else values_from
        parts = self._parts
        if len(segments) != len(parts) and not (self._greedy and len(segments) > len(parts)):
            return None
        values = {}
        for at, (kind, text) in enumerate(parts):
            if kind == 2:
                values[text] = "/".join(wanted[at:])
                if not values[text]:
                    return None
            elif kind == 1:
                if not segments[at]:
                    return None
                values[text] = wanted[at]
            elif segments[at] != text:
                return None
        return values
