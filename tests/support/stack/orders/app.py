"""What the event said, with what the requirements and the layer have."""

import json
import os

import common
import kept


def handler(event, context):
    said = [event.get("resource") or event["routeKey"], event.get("pathParameters"), event.get("body")]
    rest = [common.NAME, kept.NAME, os.environ["GREETING"], os.environ["TABLE"]]
    return {"statusCode": 201, "body": json.dumps(said + rest)}
