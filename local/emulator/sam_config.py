"""The settings of a project's `samconfig.toml`, as far as they say something of its template.

SAM developer guide, "AWS SAM CLI configuration file": `[ENVIRONMENT.COMMAND.parameters]`, the command `global` for all.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from local.errors import UserError

NAME = "samconfig.toml"
COMMANDS = ("global", "build", "deploy", "local_start_api")
"""Later ones override earlier ones."""
_LONG_FORM = re.compile(r"ParameterKey=([^,]+),ParameterValue=(.*)", re.DOTALL)


class SamConfig(NamedTuple):
    """What a project has configured."""

    parameters: dict[str, str]
    stack_name: str
    region: str


def read(folder: Path, environment: str) -> SamConfig:
    """Return the settings of an environment, such as `default`; nothing where the folder has no file.

    Raises:
        UserError: for a file that cannot be read, or an environment that is not in it.
    """
    path = folder / NAME
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        document = {}
    except (OSError, ValueError) as problem:
        raise UserError(f"cannot read {path}: {problem}") from None
    if environment not in document and environment != "default":
        raise UserError(f"{path} has no environment {environment!r}; give another --config-env")
    settings: dict[str, Any] = {}
    parameters: dict[str, str] = {}
    for command in COMMANDS:
        table = document.get(environment, {})
        for key in (command, "parameters"):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict):
            settings |= table
            overrides = table.get("parameter_overrides", [])
            texts = [overrides] if isinstance(overrides, str) else overrides
            parameters |= pairs(map(str, texts) if isinstance(texts, list) else (), f"{NAME}, parameter_overrides")
    return SamConfig(parameters, str(settings.get("stack_name", "")), str(settings.get("region", "")))


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Return the values of `NAME=VALUE`, several in a text or one, and of `ParameterKey=NAME,ParameterValue=VALUE`.

    Raises:
        UserError: for a text of another form.
    """
    options = {}
    for text in texts:
        try:
            words = shlex.split(text)
        except ValueError:
            words = [text]
        for word in words:
            long = _LONG_FORM.fullmatch(word)
            name, equals, value = (long[1], "=", long[2]) if long else word.partition("=")
            if not name or not equals:
                raise UserError(f"{option} takes NAME=VALUE; not {word[:80]!r}")
            options[name] = value
    return options
