"""Signals that end a command: SIGTERM and SIGHUP do what Ctrl-C does, and the exit status says which it was."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from local.console import error_line

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class EndSignal:
    """The signal that ended a command, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def status(self) -> int:
        """The exit status that a shell gives to the signal; that of Ctrl-C where no other came."""
        return 128 + (self.number or signal.SIGINT)

    def receive(self, number: int, _: FrameType | None = None) -> None:
        """Handle the signal like Ctrl-C."""
        self.number = number
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A background job of a script ignores Ctrl-C, but not this.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        # Whatever runs now knows how to end by Ctrl-C: an event loop by its own handler, all else by an exception.
        signal.raise_signal(signal.SIGINT)


_received = EndSignal()


@contextmanager
def ending_like_ctrl_c() -> Iterator[EndSignal]:
    """Handle SIGTERM and SIGHUP like Ctrl-C inside the block; a signal that is ignored (nohup) stays ignored."""
    _received.number = None
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _received.receive)
    try:
        yield _received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def reporting_interruption(what: str) -> Iterator[None]:
    """Report in one line that a signal interrupted `what` and nothing was written, and exit with its status."""
    try:
        yield
    except KeyboardInterrupt:
        error_line(f"{what} was interrupted; nothing was written")
        sys.exit(_received.status)
