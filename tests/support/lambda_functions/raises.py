"""A Lambda function that cannot be imported."""

raise RuntimeError("not today")
