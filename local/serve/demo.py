"""The store that the bundle serves from where the environment names none: synthetic tweets, made once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from local.console import stderr
from local.files import write_atomically
from local.paths import DATA


def with_demo_store(environ: Mapping[str, str], service_names: Sequence[str], folder: Path = DATA) -> dict[str, str]:
    """Return `environ` completed for the server: a demo store for the Twitter service, and samples for the page.

    The store is made in `folder` if it is not there, with progress on standard error. Where `environ` names a store it
    stays, with the samples that `environ` names, if any.
    """
    if "twitter" not in service_names or environ.get("TWITTER_STORE"):
        if "blockchain" not in service_names or environ.get("PAGE_SAMPLES"):
            return dict(environ)
        samples_file = _write_samples(folder / "blockchain.json", {"blockchain": chains()})
        return {**environ, "PAGE_SAMPLES": samples_file}
    from local.data.etl.demo import ensure_demo_store, samples
    from local.data.etl.progress import Bars

    stderr.print("TWITTER_STORE is not set: serving synthetic tweets", highlight=False)
    with Bars() as bars:
        url = ensure_demo_store(folder, bars)
    tweets = [
        {
            "title": f"{query.user_id}: {query.type}, “{query.phrase}”, #{query.hashtag}",
            "query": urlencode(query._asdict(), quote_via=quote),
        }
        for query in samples(url)
    ]
    samples_of = {"twitter": tweets}
    if "blockchain" in service_names:
        samples_of["blockchain"] = chains()
    return {**environ, "TWITTER_STORE": url, "PAGE_SAMPLES": _write_samples(folder / "samples.json", samples_of)}


SHOWN_FAULTS = {
    "balance-fee-spent-in-its-block": "A fee spent within its block",
    "signature-of-another-account-new": "A new transaction signed by another account",
    "time-equal-across-blocks": "A block as old as the one before it",
    "tx-hash-upper-case": "A hash in capitals",
    "reward-halved-too-early": "A reward halved too early",
    "block-starts-anew": "A block that forgets the one before it",
    "target-met-but-not-beaten": "A target met and not beaten",
    "duplicate-key-in-transaction": "A duplicate key",
    "proof-of-work-too-hard": "A target that cannot be met",
}


def chains() -> list[dict[str, str]]:
    """Make sample requests of the blockchain service: one valid, and one for each of a few faults."""
    from local.workloads.blockchain.draft import Shape, Span
    from local.workloads.blockchain.making import NONE, made

    shape = Shape(Span(3, 3), Span(1, 2), Span(1, 2))
    kinds = {NONE: "Valid, and made by chance", **SHOWN_FAULTS}
    return [{"title": title, "query": next(made(7, shape, kind)).query} for kind, title in kinds.items()]


def _write_samples(file: Path, samples_of: dict[str, list[dict[str, str]]]) -> str:
    """Write the file that the page's samples come from; servers may be reading it."""
    write_atomically(file, json.dumps(samples_of, ensure_ascii=False))
    return str(file)
