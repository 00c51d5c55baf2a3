"""Call a service's Lambda entry point in a process of its own, whose environment is the function's.

Run as `python -m local.serve.function_process SERVICE`: it reads a JSON list of events and prints one of answers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from local.errors import UserError

SECONDS = 120


def invoke(service: str, events: Sequence[Mapping[str, Any]], environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the function's answer to each event. Raises `UserError` if the process fails."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__, service],
            input=json.dumps(events),
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        raise UserError(f"the Lambda entry point of {service} failed: {problem}") from None
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers


def main() -> None:
    """Answer the events on standard input."""
    handler = import_module(f"functions.{sys.argv[1]}.lambda_handler").handler
    answers = [handler(event, None) for event in json.load(sys.stdin)]
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
