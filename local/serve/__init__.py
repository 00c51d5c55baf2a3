"""Serving the bundle on this machine: `make serve` and `make run`."""
