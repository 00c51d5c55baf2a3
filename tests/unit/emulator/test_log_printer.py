"""What functions print is shown without control codes, and never makes the emulator wait."""

from __future__ import annotations

import io
import threading

from local.emulator.log_printer import LogPrinter


class Blocked(io.StringIO):
    """A terminal that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.released = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        self.released.wait(20)
        return super().write(text)


def test_each_line_has_its_functions_name_and_no_control_code() -> None:
    stream = io.StringIO()
    with LogPrinter(stream) as show:
        show("Odd", b"one\n\x1b[31mtwo\tthree\n")
        show("Other", b"\xff")
    assert stream.getvalue() == "Odd: one\nOdd: \ufffd[31mtwo\tthree\nOther: \ufffd\n"


def test_a_terminal_that_takes_nothing_costs_lines_and_no_time() -> None:
    stream = Blocked()
    with LogPrinter(stream, max_pending=10) as show:
        show("Odd", b"12345\n")
        assert stream.asked.wait(20)
        show("Odd", b"67890\n")
        show("Odd", b"abcde\n")
        stream.released.set()
    assert stream.getvalue() == "Odd: 12345\n(12 bytes not shown: functions print faster than this terminal takes)\n"
