"""Builds the Lambda artifacts from `template.yaml`, as `sam build` does, without its environment."""
