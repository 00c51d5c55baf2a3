"""Where a package runs: Lambda's architectures and runtimes, and the wheels that they take."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Literal

Architecture = Literal["arm64", "x86_64"]

RUNTIMES = ((3, 10), (3, 11), (3, 12), (3, 13), (3, 14))
"""Lambda's Python runtimes: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, read 2026-11-27."""
DEFAULT_RUNTIME = (3, 13)
AMAZON_LINUX_2023 = (3, 12)
"""The first runtime on Amazon Linux 2023, whose C library is glibc 2.34; those before are on Amazon Linux 2, 2.26."""
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""`e_machine` of an ELF file's head: EM_AARCH64 and EM_X86_64."""


@dataclass(frozen=True)
class BuildTarget:
    """An architecture and a version of Python."""

    architecture: Architecture
    version: tuple[int, int]

    @property
    def python(self) -> str:
        """The version, `3.13` for instance."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def platform(self) -> str:
        """The newest platform tag whose wheels the runtime takes, as uv names it."""
        libc = "manylinux_2_34" if self.version >= AMAZON_LINUX_2023 else "manylinux_2_17"
        return f"{MACHINES[self.architecture]}-{libc}"

    @property
    def runs_here(self) -> bool:
        """Whether this machine and this tool's Python can run it."""
        return (sys.platform, platform.machine(), sys.version_info[:2]) == (
            "linux",
            MACHINES[self.architecture],
            self.version,
        )


def default_version(own: tuple[int, int]) -> tuple[int, int]:
    """Return the version of an application's interpreter, where Lambda has it."""
    return own if own in RUNTIMES else DEFAULT_RUNTIME
