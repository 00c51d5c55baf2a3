"""A Lambda function that misbehaves on request: the event says how."""

import os
import sys
import threading
import time
from itertools import pairwise

beats = []


def beat():
    while True:
        beats.append(time.monotonic())
        time.sleep(0.005)


def handler(event, context):
    match event.get("do"):
        case "sleep":
            time.sleep(event["seconds"])
        case "exit":
            os._exit(event["status"])
        case "raise":
            raise ValueError("no")
        case "allocate":
            return len(b"x" * (event["mb"] * 1024 * 1024))
        case "print":
            sys.stdout.write("x" * event["bytes"])
        case "answer":
            return "x" * event["bytes"]
        case "beat":
            threading.Thread(target=beat, daemon=True).start()
            time.sleep(0.05)
        case "beats":
            time.sleep(0.05)
            gaps = [after - before for before, after in pairwise(beats[:])]
            return {"longest": max(gaps), "count": len(gaps)}
        case "work":
            count, start, spent = 0, time.monotonic(), time.process_time()
            while time.monotonic() - start < event["seconds"]:
                for _ in range(1000):
                    count += 1
            return {"count": count, "share": (time.process_time() - spent) / (time.monotonic() - start)}
        case "inside":
            return {"path": sys.path, "environ": dict(os.environ), "modules": sorted(sys.modules), "pid": os.getpid()}
        case "left":
            return context.get_remaining_time_in_millis()
        case "child":
            if os.fork() == 0:
                time.sleep(600)
    return {"pid": os.getpid(), "request": context.aws_request_id}
