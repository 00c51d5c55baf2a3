"""A Lambda function that misbehaves on request: the event says how."""

import json
import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

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
            start, spent = time.monotonic(), time.process_time()
            while time.monotonic() - start < event["seconds"]:
                continue
            return {"share": (time.process_time() - spent) / (time.monotonic() - start)}
        case "inside":
            return {"path": sys.path, "environ": dict(os.environ), "modules": sorted(sys.modules), "pid": os.getpid()}
        case "left":
            return context.get_remaining_time_in_millis()
        case "child":
            if os.fork() == 0:
                time.sleep(600)
        case "daemon":
            reading, writing = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.write(writing, str(os.getpid()).encode())
                    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
                    time.sleep(600)
                os._exit(0)
            return int(os.read(reading, 20))
        case "chatter":
            while True:
                os.write(1, b"y\n" * 30_000)
        case "reply":
            return event["answer"]
    return {"pid": os.getpid(), "request": context.aws_request_id}


def reply(event, context):
    """Answers with the event, or with the JSON object in an HTTP event's body."""
    if "requestContext" in event:
        return json.loads(event["body"])
    if "print" in event:
        sys.stdout.write(f"{event['print']}\n")
    if "write" in event:
        Path(event["write"]).touch()
    if event.get("raise"):
        raise ValueError("no")
    return context.client_context.custom if context.client_context else event.get("body")
