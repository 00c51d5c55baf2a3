"""Lambda's Invoke API, for boto3 and the AWS CLI with `endpoint_url`: as `sam local start-lambda` serves it.

API reference, Invoke. Two things differ: an asynchronous invocation that fails is not tried again, and signatures are
not checked.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from local.emulator import quotas
from local.emulator.actions import Ending
from local.emulator.event_sources.base import Headers, HttpResponse, WireRequest
from local.emulator.function import EmulatedFunction

PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
NAME = re.compile(r"(?:arn:[^:]+:lambda:[^:]*:[^:]*:function:|[0-9]{12}:function:|[0-9]{12}:)?([^:]+)(?::([^:]+))?")
"""A function's name, partial ARN or ARN, with or without a qualifier. API reference, Invoke, FunctionName."""
LATEST = "$LATEST"
MAX_CLIENT_CONTEXT_BYTES = 3_583
"""Of the header, in base64. API reference, Invoke, ClientContext."""


class InvokeError(Exception):
    """The API refuses a call: an HTTP status, the exception's name, a message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class InvokeApi:
    """Answers the calls of one account's functions."""

    def __init__(self, functions: Mapping[str, EmulatedFunction]) -> None:
        self._functions = functions
        self._asynchronous: set[asyncio.Task[object]] = set()

    async def handle(self, request: WireRequest) -> HttpResponse | None:
        """Answer a call, or return None where the path is not the API's."""
        match = PATH.fullmatch(request.path)
        if match is None:
            return None
        try:
            return await self._invoke(self._function(unquote(match[1]), request.query), request)
        except InvokeError as problem:
            body = json.dumps({"Type": "User", "Message": str(problem), "message": str(problem)}).encode()
            headers = (("content-type", "application/json"), ("x-amzn-errortype", problem.kind))
            return HttpResponse(problem.status, headers, body)

    def _function(self, name: str, query: str) -> EmulatedFunction:
        match = NAME.fullmatch(name)
        function = self._functions.get(match[1]) if match else None
        asked = re.search(r"(?:^|&)Qualifier=([^&]*)", query)
        qualifier = unquote(asked[1]) if asked else (match[2] if match else None)
        if function is None or qualifier not in (None, LATEST):
            raise InvokeError(404, "ResourceNotFoundException", f"Function not found: {name}")
        return function

    async def _invoke(self, function: EmulatedFunction, request: WireRequest) -> HttpResponse:
        if request.method != "POST":
            raise InvokeError(405, "MethodNotAllowedException", "Invoke takes POST")
        kind = request.header("x-amz-invocation-type") or "RequestResponse"
        limit = quotas.ASYNCHRONOUS_PAYLOAD if kind == "Event" else quotas.PAYLOAD
        if len(request.body) > limit:
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            raise InvokeError(413, "RequestTooLargeException", message)
        event = request.body or b"{}"
        try:
            json.loads(event)
        except (ValueError, RecursionError) as problem:
            message = f"Could not parse request body into json: {problem}"
            raise InvokeError(400, "InvalidRequestContentException", message) from None
        invoking = function.invoke(event, client_context=_client_context(request.header("x-amz-client-context")))
        match kind:
            case "RequestResponse":
                outcome = await invoking
            case "Event":
                task = asyncio.ensure_future(invoking)
                self._asynchronous.add(task)
                task.add_done_callback(self._asynchronous.discard)
                return HttpResponse(202, (), b"")
            case "DryRun":
                invoking.close()
                return HttpResponse(204, (), b"")
            case _:
                invoking.close()
                raise InvokeError(400, "InvalidParameterValueException", f"{kind[:40]!r} is no InvocationType")
        headers: Headers = (
            ("content-type", "application/json"),
            ("x-amzn-requestid", outcome.request),
            ("x-amz-executed-version", LATEST),
        )
        if outcome.ending is Ending.THROTTLED:
            reason = outcome.throttle.value if outcome.throttle else ""
            body = json.dumps({"Reason": reason, "Type": "User", "message": "Rate Exceeded."}).encode()
            return HttpResponse(429, (*headers[:2], ("x-amzn-errortype", "TooManyRequestsException")), body)
        if outcome.ending is not Ending.SUCCESS:
            headers = (*headers, ("x-amz-function-error", "Unhandled"))
        if request.header("x-amz-log-type") == "Tail":
            headers = (*headers, ("x-amz-log-result", base64.b64encode(outcome.log).decode()))
        return HttpResponse(200, headers, outcome.payload)


def _client_context(header: str) -> str:
    """Return a client context as one line of JSON, or nothing."""
    if not header:
        return ""
    try:
        if len(header) > MAX_CLIENT_CONTEXT_BYTES:
            raise ValueError(f"it has more than {MAX_CLIENT_CONTEXT_BYTES} bytes")
        return json.dumps(json.loads(base64.b64decode(header, validate=True)))
    except (ValueError, binascii.Error, RecursionError) as problem:
        message = f"Client context must be a valid Base64-encoded JSON object: {problem}"
        raise InvokeError(400, "InvalidRequestContentException", message) from None
