"""The services of the bundle: one line each. A service is imported when it is loaded."""

from collections.abc import Iterable, Mapping
from importlib import import_module

from crossover.seam import Service
from crossover.settings import configured

SERVICES = {
    "qrcode": "functions.qrcode.handler",
    "blockchain": "functions.blockchain.handler",
    "twitter": "functions.twitter.handler",
}
"""Service name to the module that has it as `SERVICE`."""


def load(names: Iterable[str] = SERVICES, environ: Mapping[str, str] | None = None) -> list[Service]:
    """Import the named services, with the limits that `environ` gives.

    Raises KeyError for a name that is not here, and `SettingError`.
    """
    return [configured(import_module(SERVICES[name]).SERVICE, environ or {}) for name in names]
