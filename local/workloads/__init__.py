"""Workloads: for each service, requests together with their known answers."""
