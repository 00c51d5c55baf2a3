"""An application that lacks a library."""

from nosuch_library import thing  # noqa: F401
