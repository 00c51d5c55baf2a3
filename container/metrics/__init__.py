"""Prometheus metrics of the container, under names that match those of Lambda."""
