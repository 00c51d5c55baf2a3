"""The services of the bundle: one line each. Nothing is imported before somebody asks for it."""

from collections.abc import Iterable
from importlib import import_module

from crossover.seam import Service

SERVICES = {
    "qrcode": "functions.qrcode.handler",
    "twitter": "functions.twitter.handler",
}
"""Service name to the module that has it as `SERVICE`."""


def load(names: Iterable[str] = SERVICES) -> list[Service]:
    """The named services, imported. Raises KeyError for a name that is not here."""
    return [import_module(SERVICES[name]).SERVICE for name in names]
