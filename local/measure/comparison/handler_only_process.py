"""Calls a service and its Lambda handler in a loop. Run by path, with nothing of this project importable.

It reads a job of JSON from standard input and prints, as its last line, CPU milliseconds a request: service, handler.
"""

import json
import os
import statistics
import sys
import time
from importlib import import_module

job = json.loads(sys.stdin.read())
sys.path[:0] = job["path"]

from crossover.runner import InlineRunner, answer_at_once  # noqa: E402
from crossover.seam import Invalid  # noqa: E402
from crossover.settings import configured  # noqa: E402
from crossover.stores.lazy import store_of  # noqa: E402

entry = import_module(job["module"])
handler = getattr(entry, job["handler"])
service = configured(import_module(f"{job['module'].rpartition('.')[0]}.handler").SERVICE, os.environ)
runner = InlineRunner(store_of(service, os.environ))
events = job["events"]
queries = [event["rawQueryString"].encode() for event in events]


def service_alone() -> None:
    """Call the service with every query."""
    for query in queries:
        try:
            answer_at_once(service, query, runner)
        except Invalid:
            continue


def whole_handler() -> None:
    """Call the Lambda handler with every event."""
    for event in events:
        handler(event, None)


taken: list[list[float]] = [[], []]
for number in range(job["passes"] + 1):
    for run, times in zip((service_alone, whole_handler), taken, strict=True):
        start = time.process_time()
        run()
        if number:  # the first pass warms up
            times.append((time.process_time() - start) / len(events) * 1000)
print(json.dumps([statistics.median(times) for times in taken]))  # noqa: T201
