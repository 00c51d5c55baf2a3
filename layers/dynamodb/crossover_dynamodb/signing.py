"""AWS Signature Version 4 of a request to DynamoDB (IAM User Guide, "Create a signed AWS API request").

botocore signs as well, but its import takes six times as long as all of this client's start, and a read half as much
CPU again (`crossover experiment dynamodb-clients`). Tests compare every signature with botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
from time import gmtime, strftime

from crossover_dynamodb.credentials import AwsKeys

SERVICE = "dynamodb"
CONTENT_TYPE = "application/x-amz-json-1.0"


class Signer:
    """Signs POST requests to one endpoint. It keeps the key that is derived for each day."""

    def __init__(self, host: str, region: str) -> None:
        self._host = host
        self._region = region
        self._derived: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def headers(self, target: str, body: bytes, keys: AwsKeys, at: float) -> dict[str, str]:
        """Return all headers of a request.

        Args:
            target: The value of X-Amz-Target, the operation with its version.
            body: The request's body.
            keys: What it is signed with.
            at: When it is sent, in seconds since 1970.
        """
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime(at))
        headers = {"content-type": CONTENT_TYPE, "host": self._host, "x-amz-date": moment}
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        headers["x-amz-target"] = target
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{moment[:8]}/{self._region}/{SERVICE}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(keys.secret, moment[:8]), text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _key(self, secret: str, day: str) -> bytes:
        made_for, key = self._derived
        if made_for != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = ((secret, day), key)
        return key
