"""What can be wrong with what a person gave."""

from __future__ import annotations


class CostError(Exception):
    """A file, a name or a number that cannot be used. The message is one line and says what to do."""


class Unreachable(CostError):
    """A place that cannot be reached at all: asking it for something else would be no use."""


class NoPrice(CostError):
    """The price book lacks prices of a region. A comparison leaves out what needs them, and says so."""
