"""Access logs in the common and the combined format, as Apache, nginx and uvicorn write them."""

from __future__ import annotations

import re

from local.workloads.requests.recorded import Gathered, Recording, Unusable, request_of

LINE = re.compile(
    r'[^"]{0,300}"(?P<method>[A-Z]{3,7}) (?P<target>\S{1,8192}) HTTP/[0-9.]{1,3}" (?P<status>[0-9]{3}) \S+'
    r'(?: "(?P<referer>[^"]{0,8192})" "(?P<agent>[^"]{0,8192})")?'
)


def read(text: str) -> Recording:
    """Return the requests that a log can repeat: those without a body. Raises `UserError` where there is none."""
    gathered = Gathered()
    for line in text.splitlines():
        match = LINE.match(line)
        if match is None:
            if line.strip():
                gathered.leave_out("lines of another format")
            continue
        if match["method"] not in ("GET", "HEAD", "OPTIONS"):
            gathered.leave_out(f"{match['method']}, whose body a log does not have")
            continue
        headers = [
            (name, match[group])
            for name, group in (("referer", "referer"), ("user-agent", "agent"))
            if match[group] not in (None, "-", "")
        ]
        try:
            gathered.add(request_of(match["method"], match["target"], headers))
        except Unusable as problem:
            gathered.leave_out(str(problem))
    return gathered.recording()
