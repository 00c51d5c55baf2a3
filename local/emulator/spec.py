"""What a function is to Lambda: its configuration, checked as Lambda checks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.emulator import quotas


class BadSpec(ValueError):
    """Lambda would refuse this configuration. The message is one line."""


@dataclass(frozen=True)
class Scaling:
    """What decides how a function's environments come, serve and go."""

    memory_mb: int = 128
    timeout: float = 3.0
    reserved: int | None = None
    """Reserved concurrency: a guarantee and a ceiling; 0 stops the function; None shares the account's rest."""
    provisioned: int = 0
    """Environments that are initialised before anybody asks and never reaped."""
    idle_lifetime: float = quotas.IDLE_LIFETIME

    def __post_init__(self) -> None:
        if self.memory_mb not in quotas.MEMORY_MB:
            raise BadSpec(f"memory is {self.memory_mb} MB; give 128 to 10,240")
        if not 0 < self.timeout <= quotas.TIMEOUT_S[-1]:
            raise BadSpec(f"the timeout is {self.timeout:g} s; give 1 to 900")
        if self.reserved is not None and self.reserved < 0:
            raise BadSpec("reserved concurrency is negative; give 0 or more")
        if self.provisioned < 0 or (self.reserved is not None and self.provisioned > self.reserved):
            raise BadSpec("provisioned concurrency must lie between 0 and the reserved concurrency")
        if not self.idle_lifetime > 0:
            raise BadSpec("the idle lifetime must be more than 0 s")


@dataclass(frozen=True)
class Interpreter:
    """Another Python than this tool's, for a function that has dependencies of its own."""

    executable: str
    version: tuple[int, int]
    import_path: tuple[Path, ...] = ()
    """Folders that come after the function's code and its layers."""
    runtime: Path | None = None
    """The runtime client for this version; None where that of this tool's Python fits."""


@dataclass(frozen=True)
class FunctionSpec:
    """A function's code on this machine, and how it is run."""

    name: str
    code: Path
    """The unpacked artifact: `LAMBDA_TASK_ROOT`, and the working directory."""
    handler: str
    """`package.module.function`, as in the template."""
    layers: tuple[Path, ...] = ()
    """Unpacked layers, each with a folder `python`, in the order of the template; a later one wins, as on Lambda."""
    variables: Mapping[str, str] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=Scaling)
    interpreter: Interpreter | None = None
    """None for this tool's own."""
    region: str = "us-east-1"
    account: str = "000000000000"

    def __post_init__(self) -> None:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in self.variables.items())
        if size > quotas.ENVIRONMENT_VARIABLES:
            raise BadSpec(f"{self.name} has {size} bytes of environment variables; Lambda takes 4,096")

    @property
    def arn(self) -> str:
        """The function's Amazon resource name."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
