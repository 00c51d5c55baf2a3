"""Names this process to the reaper and then becomes a command: a child is known before its command can matter.

Run by path as `launcher.py FD COMMAND...`, where FD is the reaper's pipe. See `local.child`.
"""

import os
import sys

pipe = int(sys.argv[1])
os.write(pipe, b"+%d\n" % os.getpid())
os.close(pipe)
os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
