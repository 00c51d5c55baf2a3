"""Events of sources other than HTTP, in the form that AWS sends them.

The forms are those of `sam local generate-event` (aws/aws-sam-cli, samcli/lib/generated_sample_events/events).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

REGION, ACCOUNT = "us-east-1", "000000000000"

Event = dict[str, Any]


def sqs(body: str) -> Event:
    """Return an event of one message of a queue."""
    record = {
        "messageId": str(uuid4()),
        "receiptHandle": "MessageReceiptHandle",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(_milliseconds()),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(_milliseconds()),
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue",
        "awsRegion": REGION,
    }
    return {"Records": [record]}


def sns(message: str) -> Event:
    """Return an event of one message of a topic."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
    notification: Event = {
        "Type": "Notification",
        "MessageId": str(uuid4()),
        "TopicArn": topic,
        "Subject": None,
        "Message": message,
        "Timestamp": _now(),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": "EXAMPLE",
        "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {},
    }
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": f"{topic}:{uuid4()}"}
    return {"Records": [{**record, "Sns": notification}]}


def s3(where: str) -> Event:
    """Return an event of an object that was put: `BUCKET/KEY`."""
    bucket, _, key = where.partition("/")
    bucket, key = bucket or "example-bucket", key or "test/key"
    owner = {"principalId": "EXAMPLE"}
    record = {
        "eventVersion": "2.0",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": _now(),
        "eventName": "ObjectCreated:Put",
        "userIdentity": owner,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE123456789", "x-amz-id-2": "EXAMPLE123"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testConfigRule",
            "bucket": {"name": bucket, "ownerIdentity": owner, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "0123456789abcdef0123456789abcdef",
                "sequencer": "0A1B2C3D4E5F678901",
            },
        },
    }
    return {"Records": [record]}


def schedule(rule: str) -> Event:
    """Return an event of a schedule, of the rule of this name."""
    return {
        **_of_a_bus("Scheduled Event", "aws.events", {}),
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule or 'my-schedule'}"],
    }


def eventbridge(detail: str) -> Event:
    """Return an event of a bus with this detail. Raises ValueError where it is no JSON."""
    return {**_of_a_bus("example", "example", json.loads(detail or "{}")), "resources": []}


def _of_a_bus(kind: str, source: str, detail: Any) -> Event:
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "detail": detail,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


SAMPLES: dict[str, Callable[[str], Event]] = {
    "sqs": sqs,
    "sns": sns,
    "s3": s3,
    "eventbridge": eventbridge,
    "schedule": schedule,
}
"""By the name that the option takes; each takes the option's data, which may be empty."""
