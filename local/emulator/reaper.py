"""A process that outlives the emulator by a moment: it kills every environment as soon as the emulator is gone.

Frozen processes notice nothing, so somebody else has to. The emulator holds the other end of standard input, on which
it names what exists and what is gone; however it ends, `kill -9` included, the kernel closes that end.
Lines: `+GROUP` and `-GROUP` for process groups, `@FOLDER` for a control group to remove in the end. Run by path.
"""

import os
import signal
import sys
import time

groups: set[int] = set()
folders: list[str] = []
for line in sys.stdin:
    kind, name = line[0], line[1:].strip()
    if kind == "+":
        groups.add(int(name))
    elif kind == "-":
        groups.discard(int(name))
    elif kind == "@":
        folders.append(name)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        continue
for _ in range(100):
    left = []
    for folder in folders:
        for inner, _folders, _files in os.walk(folder, topdown=False):
            try:
                os.rmdir(inner)  # noqa: PTH106
            except OSError:
                continue
        if os.path.exists(folder):  # noqa: PTH110
            left.append(folder)
    if not left:
        break
    folders = left
    time.sleep(0.02)
