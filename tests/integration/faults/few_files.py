"""`python -m tests.integration.faults.few_files`: a shim in a process that may have 200 files open."""

import resource

from container.server import main

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
    main()
