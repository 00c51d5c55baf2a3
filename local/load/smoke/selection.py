"""The cases of the services that are asked, from the stores that the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from crossover.runner import InlineRunner, Unavailable
from crossover.seam import Service
from crossover.settings import SettingError
from crossover.stores.lazy import store_of
from functions import registry
from local.errors import UserError
from local.workloads.cases import MIXED_CASES, Case, platform_cases, service_cases


def chosen_cases(names: Sequence[str], functions_only: bool = False) -> list[Case]:
    """Return the platform's cases and those of the named services, or of all. Raises `UserError`."""
    unknown = [name for name in names if name not in registry.SERVICES]
    if unknown:
        raise UserError(f"--service takes a service of the bundle: {', '.join(registry.SERVICES)}; not {unknown[0]!r}")
    services = loaded(list(dict.fromkeys(names)) or list(registry.SERVICES))
    cases = list(platform_cases(services[0], functions_only))
    for service in services:
        cases += cases_here(service, functions_only=functions_only)
    return cases


def loaded(names: Iterable[str], environ: Mapping[str, str] = os.environ) -> list[Service]:
    """Return these services with the limits that the environment gives them. Raises `UserError`."""
    try:
        return registry.load(names, environ)
    except SettingError as problem:
        raise UserError(str(problem)) from problem


def cases_here(
    service: Service,
    environ: Mapping[str, str] = os.environ,
    *,
    functions_only: bool = False,
    of_the_mix: int = MIXED_CASES,
) -> list[Case]:
    """Return a service's cases, with answers from the store that `environ` names for it. Raises `UserError`."""
    variable = f"{service.name.upper()}_STORE"
    store = store_of(service, environ)
    runner = InlineRunner(store) if store is None or store.named else None
    url = environ.get(variable, "")
    try:
        return list(service_cases(service, runner, url, functions_only=functions_only, of_the_mix=of_the_mix))
    except (Unavailable, ValueError) as problem:
        raise UserError(f"{variable}: {problem}") from None
    finally:
        if store is not None:
            store.close()
