"""SIGTERM taken like Ctrl-C: everything that was started is ended, and the exit status says what came."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from local.console import error_line


@contextmanager
def ends_cleanly(what: str) -> Iterator[None]:
    """Ends `what` in one line where a signal interrupts it, with the status that a shell gives to that signal."""
    came = signal.SIGINT

    def terminated(number: int, _: FrameType | None) -> None:
        nonlocal came
        came = signal.Signals(number)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A script's background job: it ignores Ctrl-C, but not this.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        # Whatever runs now knows how to end by Ctrl-C: an event loop by its own handler, all else by an exception.
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    except KeyboardInterrupt:
        error_line(f"{what} was interrupted; nothing was written")
        raise typer.Exit(128 + came) from None
    finally:
        signal.signal(signal.SIGTERM, before)
