"""The store that the bundle serves from where nobody named one: synthetic tweets, made once."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from local.cli.places import DATA
from local.cli.report import stderr


def use_demo_store(service_names: Sequence[str]) -> dict[str, str]:
    """Settings for the server: a demo store where the Twitter service has none, and requests that match its data.

    Makes the store if need be, with progress on standard error. An own store keeps its own samples, if any.
    """
    if "twitter" not in service_names or os.environ.get("TWITTER_STORE"):
        return {}
    from local.etl.demo import ensure_demo_store, samples
    from local.etl.progress import Bars

    stderr.print("TWITTER_STORE is not set: serving synthetic tweets", highlight=False)
    with Bars() as bars:
        url = ensure_demo_store(DATA, bars)
    offered = [
        {
            "title": f"{each.user_id}: {each.type}, “{each.phrase}”, #{each.hashtag}",
            "query": urlencode(each._asdict(), quote_via=quote),
        }
        for each in samples(url)
    ]
    file = DATA / "samples.json"
    file.write_text(json.dumps({"twitter": offered}, ensure_ascii=False))
    return {"TWITTER_STORE": url, "PAGE_SAMPLES": str(file)}
