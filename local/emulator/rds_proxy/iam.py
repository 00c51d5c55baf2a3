"""IAM tokens for database sign-in, checked as AWS does: requests to `rds-db`, signed in their query (SigV4).

The source of the algorithm is AWS' "Authenticating requests: using query parameters". The clock is given.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

TOKEN_SECONDS = 900
"""How long a token opens connections, whatever longer time it asks for."""
MAX_CLOCK_SKEW_SECONDS = 300
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()
_SCOPE = re.compile(r"(?P<key>[^/]+)/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]+)/rds-db/aws4_request")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that tokens may be signed with."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        """Leave the secret out: a representation may reach a log."""
        return f"AccessKey({self.key_id!r})"


def refusal(token: str, user: str, endpoint: str, keys: tuple[AccessKey, ...], now: float) -> str | None:
    """Say why a token does not let a user in, or None where it does.

    Args:
        token: What the client sent as its password.
        user: The database user that it names.
        endpoint: `host:port` of the proxy, which tokens are signed for.
        keys: The access keys that are known.
        now: Seconds since 1970.

    Returns:
        A reason without any part of the token, for the log.
    """
    host, _, query = token.partition("/?")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    scope = _SCOPE.fullmatch(fields.get("X-Amz-Credential", ""))
    signature = fields.pop("X-Amz-Signature", "")
    if scope is None or not signature or fields.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
        return "it is no token"
    if host.lower() != endpoint.lower():
        return "it was signed for another host or port"
    if fields.get("Action") != "connect" or fields.get("DBUser") != user:
        return "it was signed for another user"
    try:
        signed_at = datetime.strptime(fields.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        lifetime = min(int(fields.get("X-Amz-Expires", "")), TOKEN_SECONDS)
    except ValueError:
        return "it has no valid time"
    if now > signed_at + lifetime:
        return "it has expired"
    if signed_at > now + MAX_CLOCK_SKEW_SECONDS:
        return "it was signed in the future"
    for key in keys:
        if key.key_id == scope["key"]:
            expected = _signature(key.secret, scope, fields, host)
            return None if hmac.compare_digest(expected, signature) else "its signature is wrong"
    return "it was signed with an unknown access key"


def _signature(secret: str, scope: re.Match[str], fields: dict[str, str], host: str) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in fields.items())
    query = "&".join(f"{name}={value}" for name, value in pairs)
    request = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{_EMPTY_BODY}"
    credential_scope = scope[0].partition("/")[2]
    to_sign = "\n".join(
        ("AWS4-HMAC-SHA256", fields["X-Amz-Date"], credential_scope, hashlib.sha256(request.encode()).hexdigest())
    )
    key = f"AWS4{secret}".encode()
    for part in credential_scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()
