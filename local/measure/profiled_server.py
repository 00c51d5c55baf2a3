"""`python -m local.measure.profiled_server FILE`: the container shim under the profiler, on a clock of CPU time."""

import cProfile
import sys
import time

from container.server import main

if __name__ == "__main__":
    profiler = cProfile.Profile(time.process_time)
    try:
        profiler.runcall(main)
    finally:
        profiler.dump_stats(sys.argv[1])
