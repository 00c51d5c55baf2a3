"""What Invoke gives as the payload where an environment, and not the handler, is at fault: Lambda's own words."""

from __future__ import annotations

import json

from local.emulator import quotas
from local.emulator.actions import Ending


def exit_reason(status: int) -> str:
    """How Lambda names the end of a process: `status` is an exit code, or minus the signal's number.

    >>> exit_reason(1), exit_reason(0), exit_reason(-9)
    ('Runtime exited with error: exit status 1', 'Runtime exited without providing a reason', \
'Runtime exited with error: signal: killed')
    """
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    names = {-9: "killed", -11: "segmentation fault", -6: "aborted", -15: "terminated"}
    return f"Runtime exited with error: signal: {names.get(status, -status)}"


def payload(ending: Ending, request: str, timeout: float, status: int = 0, size: int = 0) -> bytes:
    """Return the error object of an ending that is not the handler's own.

    AWS: "Troubleshoot invocation issues", and the messages that its own runtime interface writes. `status` is the
    process's exit, `size` the bytes of an answer beyond the quota.
    """
    match ending:
        case Ending.TIMEOUT:
            kind = "Sandbox.Timedout"
            message = f"RequestId: {request} Error: Task timed out after {timeout:.2f} seconds"
        case Ending.TOO_LARGE:
            kind = "Function.ResponseSizeTooLarge"
            message = (
                f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({quotas.PAYLOAD} bytes)."
            )
        case _:
            kind = "Runtime.ExitError"
            message = f"RequestId: {request} Error: {exit_reason(status)}"
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
