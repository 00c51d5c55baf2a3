"""The store that the bundle serves from where nobody named one: synthetic tweets, made once."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from local.console import stderr
from local.paths import DATA


def use_demo_store(service_names: Sequence[str]) -> dict[str, str]:
    """Settings for the server: a demo store where the Twitter service has none, and requests that the page offers.

    Makes the store if need be, with progress on standard error. An own store keeps its own samples, if any.
    """
    if "twitter" not in service_names or os.environ.get("TWITTER_STORE"):
        if "blockchain" not in service_names or os.environ.get("PAGE_SAMPLES"):
            return {}
        return {"PAGE_SAMPLES": _offer("blockchain.json", {"blockchain": chains()})}
    from local.data.etl.demo import ensure_demo_store, samples
    from local.data.etl.progress import Bars

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
    samples_of = {"twitter": offered}
    if "blockchain" in service_names:
        samples_of["blockchain"] = chains()
    return {"TWITTER_STORE": url, "PAGE_SAMPLES": _offer("samples.json", samples_of)}


SHOWN_FAULTS = {
    "balance-fee-spent-in-its-block": "A fee spent within its block",
    "signature-of-another-account-new": "A new transaction signed by another account",
    "time-equal-across-blocks": "A block as old as the one before it",
    "tx-hash-upper-case": "A hash in capitals",
    "reward-halved-too-early": "A reward halved too early",
    "block-starts-anew": "A block that forgets the one before it",
    "target-met-but-not-beaten": "A target met and not beaten",
    "duplicate-key-in-transaction": "A key given twice",
    "proof-of-work-too-hard": "A target that nobody can meet",
}


def chains() -> list[dict[str, str]]:
    """Requests of the blockchain service to look at: one valid, and one for each of a few faults."""
    from local.workloads.blockchain.draft import Shape, Span
    from local.workloads.blockchain.making import NONE, made

    shape = Shape(Span(3, 3), Span(1, 2), Span(1, 2))
    kinds = {NONE: "Valid, and made by chance", **SHOWN_FAULTS}
    return [{"title": title, "query": next(made(7, shape, kind)).query} for kind, title in kinds.items()]


def _offer(name: str, samples_of: dict[str, list[dict[str, str]]]) -> str:
    """Writes the file that the page's samples come from, whole; servers may be reading it."""
    DATA.mkdir(exist_ok=True)
    half, file = DATA / f".{name}.{os.getpid()}", DATA / name
    half.write_text(json.dumps(samples_of, ensure_ascii=False))
    half.replace(file)
    return str(file)
