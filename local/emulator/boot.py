"""What an environment's process runs first: joins its control groups, sets Lambda's import path, starts AWS's runtime.

Run by path, with nothing of this project importable: boot.py HANDLER IMPORT_PATH [CGROUP_PROCS ...]. What it imports
would be the environment's, so it imports nothing that the interpreter has not.
"""

import sys

_, handler, path, *groups = sys.argv
for group in groups:
    with open(group, "w") as procs:  # noqa: PTH123
        procs.write("0")
sys.path[: __file__ == f"{sys.path[0]}/boot.py"] = path.split(":")  # in place of this file's folder
sys.argv = ["bootstrap", handler]
del handler, path, groups

from awslambdaric.__main__ import main  # noqa: E402

main(sys.argv)
