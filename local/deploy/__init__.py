"""Deployment artifacts: the container image and the Helm chart, built, rendered and checked."""
