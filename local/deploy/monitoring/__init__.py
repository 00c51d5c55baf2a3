"""Dashboards for Grafana and CloudWatch from one list of panels, and Prometheus beside a local server."""
