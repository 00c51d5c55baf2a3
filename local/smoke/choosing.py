"""The cases of the services that are asked, from the stores that the environment names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from crossover.runner import InlineRunner, Unavailable
from crossover.seam import Service
from crossover.stores.lazy import store_of
from functions import registry
from local.cli.report import UserError
from local.smoke.cases import Case, platform_cases, service_cases


def chosen_cases(names: Sequence[str], functions_only: bool = False) -> list[Case]:
    """The platform's cases and those of the named services, or of all. Raises `UserError`."""
    unknown = [name for name in names if name not in registry.SERVICES]
    if unknown:
        raise UserError(f"--service takes a service of the bundle: {', '.join(registry.SERVICES)}; not {unknown[0]!r}")
    services = registry.load(dict.fromkeys(names) or registry.SERVICES)
    cases = list(platform_cases(services[0], functions_only))
    for service in services:
        cases += cases_here(service)
    return cases


def cases_here(service: Service) -> list[Case]:
    """A service's cases, with answers from the store that the environment names for it. Raises `UserError`."""
    variable = f"{service.name.upper()}_STORE"
    store = store_of(service, os.environ)
    if store is None:
        return list(service_cases(service, InlineRunner()))
    if not store.named:
        return list(service_cases(service, None))
    try:
        return list(service_cases(service, InlineRunner(store), os.environ[variable]))
    except (Unavailable, ValueError) as problem:
        raise UserError(f"{variable}: {problem}") from None
    finally:
        store.close()
