"""Caches outside of the process, for Lambda (as a layer of its own), the container and tests."""
