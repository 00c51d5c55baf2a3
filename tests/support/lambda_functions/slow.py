"""A Lambda function whose first import takes longer than INIT may; its second does not."""

import time
from pathlib import Path

seen = Path(__file__).with_suffix(".seen")
if not seen.exists():
    seen.touch()
    time.sleep(60)


def handler(event, context):
    return "at last"
