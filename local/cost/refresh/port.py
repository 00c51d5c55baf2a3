"""Where a price list comes from: a port, and one adapter for each kind of place."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from local.cost.errors import CostError, Unreachable

PUBLIC = "https://pricing.us-east-1.amazonaws.com"
"""AWS's bulk price list (AWS Billing user guide, price list bulk API). It asks for no account."""
CHUNK = 1 << 16
MAX_BYTES = 4 << 30
"""Bytes of one offer at most: EC2's, the largest, has some hundred MB."""
TIMEOUT_S = 30
_OFFER_CODE = re.compile(rb'"offerCode"\s*:\s*"([A-Za-z0-9]+)"')


class PriceList(Protocol):
    """The price list, an offer (a service's list) at a time."""

    def chunks(self, offer: str, region: str) -> Iterator[bytes]:
        """Return the JSON of one offer in one region, in pieces.

        Raises:
            CostError: It cannot be read.
        """
        ...


def index_path(offer: str, region: str) -> str:
    """Return where an offer's current prices are, below the list's root."""
    return f"offers/v1.0/aws/{offer}/current/{region}/index.json"


class HttpPriceList:
    """The list on a web server, laid out as AWS does."""

    def __init__(self, root: str = PUBLIC) -> None:
        if not root.startswith(("https://", "http://")):
            raise CostError(f"{root}: is no http or https address")
        self.root = root.rstrip("/")

    def chunks(self, offer: str, region: str) -> Iterator[bytes]:
        """Yield the JSON of an offer from the network."""
        url = f"{self.root}/{index_path(offer, region)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
                yield from _bounded(iter(lambda: answer.read(CHUNK), b""), url)
        except urllib.error.HTTPError as problem:
            problem.close()
            raise CostError(f"{url}: answered {problem.code}") from None
        except OSError as problem:
            raise Unreachable(f"{url}: cannot be reached ({getattr(problem, 'reason', problem)})") from None


class FolderPriceList:
    """The list as a folder laid out like the web server's, or a single offer's file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CostError(f"{path}: no such file or folder")
        self.path = path

    def chunks(self, offer: str, region: str) -> Iterator[bytes]:
        """Yield the JSON of an offer from a file."""
        file = self.path if self.path.is_file() else self.path / index_path(offer, region)
        try:
            with file.open("rb") as content:
                head = content.read(CHUNK)
                code = _OFFER_CODE.search(head)
                if self.path.is_file() and (code is None or code[1] != offer.encode()):
                    raise CostError(f"{file}: is not the list of {offer}")
                yield head
                yield from _bounded(iter(lambda: content.read(CHUNK), b""), str(file))
        except OSError as problem:
            raise CostError(f"{file}: {(problem.strerror or 'cannot be read').lower()}") from None


def price_list(where: str | None) -> PriceList:
    """Return the adapter for an address, a folder or a file; AWS's own list where none is given."""
    if where is None:
        return HttpPriceList()
    return HttpPriceList(where) if "://" in where else FolderPriceList(Path(where))


def _bounded(chunks: Iterator[bytes], where: str) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > MAX_BYTES:
            raise CostError(f"{where}: is over {MAX_BYTES:,} bytes; no offer's list is")
        yield chunk
