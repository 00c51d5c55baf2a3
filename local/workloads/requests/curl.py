"""Lines of curl, as browsers copy them ("Copy as cURL") and as documentation shows them."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator

from local.errors import UserError
from local.workloads.requests.recorded import Gathered, RecordedRequest, Recording, Unusable, request_of

DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json")
HEADERS = {
    **dict.fromkeys(("-b", "--cookie"), "cookie"),
    **dict.fromkeys(("-A", "--user-agent"), "user-agent"),
    **dict.fromkeys(("-e", "--referer"), "referer"),
}
WITH_VALUE = frozenset(
    (
        *DATA,
        *HEADERS,
        *("-X", "--request", "-H", "--header", "-u", "--user", "--url"),
        # These say nothing of the request.
        *("-o", "--output", "-m", "--max-time", "--connect-timeout", "-w", "--write-out", "--retry", "-x", "--proxy"),
        *("--cacert", "--cert", "--key", "-c", "--cookie-jar", "--resolve"),
    )
)
REFUSED_OPTIONS = ("-F", "--form", "-T", "--upload-file", "-K", "--config")
ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def read(text: str) -> Recording:
    """Return the requests. Raises `UserError` with the number of the line that is at fault."""
    gathered = Gathered()
    for number, line in _commands(text):
        try:
            gathered.add(_request(shlex.split(line)))
        except ValueError as problem:
            raise UserError(f"line {number} is no call of curl that can be sent: {problem}") from None
    return gathered.recording()


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """Yield each command with the number of its first line; a backslash at the end continues it."""
    command, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if command else number
        command += line
        if line.endswith("\\"):
            command = command[:-1] + " "
            continue
        if command.strip() and not command.lstrip().startswith("#"):
            yield first, command.strip().removeprefix("$ ").rstrip(";")
        command = ""
    if command.strip():
        yield first, command


class _Call:
    """A call of curl, taken apart word by word."""

    def __init__(self) -> None:
        self.method = ""
        self.url = ""
        self.headers: list[tuple[str, str]] = []
        self.data: list[str] = []
        self.as_query = False

    def flag(self, option: str) -> None:
        """Take an option without a value; most say nothing of the request."""
        if option in ("-I", "--head"):
            self.method = self.method or "HEAD"
        elif option in ("-G", "--get"):
            self.as_query = True

    def option(self, option: str, value: str) -> None:
        """Take an option with its value."""
        if option in ("-X", "--request"):
            self.method = value
        elif option == "--url":
            self.address(value)
        elif option in DATA:
            if value.startswith("@"):
                raise Unusable("a body in another file")
            self.data.append(value)
            if option == "--json":
                self.headers += [("content-type", "application/json"), ("accept", "application/json")]
        elif option in ("-H", "--header"):
            name, _, text = value.partition(":")
            self.headers.append((name.strip(), text.strip()))
        elif option in ("-u", "--user"):
            self.headers.append(("authorization", "Basic " + base64.b64encode(value.encode()).decode()))
        elif option in HEADERS:
            self.headers.append((HEADERS[option], value))

    def address(self, url: str) -> None:
        """Take the address."""
        if self.url:
            raise Unusable("two addresses")
        self.url = url

    def request(self) -> RecordedRequest:
        """Return the request that curl would send."""
        if not self.url:
            raise Unusable("no address")
        url = self.url if ADDRESS.match(self.url) else f"http://{self.url}"
        body = "&".join(self.data)
        if self.as_query and body:
            url += ("&" if "?" in url else "?") + body
            body = ""
        if body and not any(name.lower() == "content-type" for name, _ in self.headers):
            self.headers.append(("content-type", "application/x-www-form-urlencoded"))
        method = self.method or ("POST" if body else "GET")
        return request_of(method, url, self.headers, body.encode("utf-8", "surrogatepass"))


def _request(words: list[str]) -> RecordedRequest:
    if not words or words[0] != "curl":
        raise Unusable("it does not begin with curl")
    call = _Call()
    rest = iter(words[1:])
    for word in rest:
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if re.fullmatch(r"-[XHdubAe].+", word):  # a short option with its value
            option, equals, value = word[:2], "=", word[2:]
        if option in REFUSED_OPTIONS:
            raise Unusable(f"{option}, which sends files")
        if option in WITH_VALUE:
            if not equals and (value := next(rest, "\0")) == "\0":
                raise Unusable(f"{option} has no value")
            call.option(option, value)
        elif not word.startswith("-"):
            call.address(word)
        else:
            call.flag(option)
    return call.request()
