"""The two dashboards, made of the one list of panels: a file of the chart for Grafana, and a stack for CloudWatch."""

from __future__ import annotations

import json
import re
from typing import Any

from local.deploy.monitoring.panels import PANELS, Metric, Panel
from local.paths import ROOT

GRAFANA = ROOT / "container/chart/dashboards/crossover.json"
CLOUDWATCH = ROOT / "container/stacks/dashboard.yaml"
COLUMNS = 24
"""Of a row, in Grafana and in CloudWatch."""
WIDTH, HEIGHT = 12, 6
PERIOD = 60
"""Seconds of a point of CloudWatch."""
OPTIONAL = re.compile(r"\$\{(\w+)\}")
RIGHT_AXES = {"Duration": "ms", "FreeableMemory": "bytes free", "DatabaseConnectionsBorrowLatency": "us"}
"""Metrics whose unit is another one than that of their panel's other metrics: they have the axis to the right."""
PARAMETER = """  {name}:
    Type: String
    Default: none
    Description: Dimension of panels; none where the environment has no such thing.
"""
HEAD = """# Made of local/deploy/monitoring/panels.py by `make docs`: change the list there.
AWSTemplateFormatVersion: "2010-09-09"
Description: Crossover's dashboard - the panels of the chart's Grafana dashboard, by CloudWatch's metrics.

Parameters:
  Environment:
    Type: String
    AllowedPattern: "[a-z][a-z0-9-]{0,19}"
    Description: Name of the environment, with which names of its resources begin.
"""
RESOURCE = """
Resources:
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: !Sub ${Environment}-crossover
      DashboardBody: !Sub |
"""


def grafana() -> str:
    """Return the dashboard as Grafana imports it; its data source is a variable."""
    dashboard = {
        "title": "Crossover",
        "uid": "crossover",
        "tags": ["crossover"],
        "editable": True,
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}]
        },
        "panels": [_grafana_panel(at, panel) for at, panel in enumerate(PANELS)],
    }
    return json.dumps(dashboard, indent=2) + "\n"


def cloudwatch() -> str:
    """Return the template of the dashboard's stack."""
    body = json.dumps({"widgets": [_widget(at, panel) for at, panel in enumerate(PANELS)]}, indent=1)
    names = dict.fromkeys(OPTIONAL.findall(body.replace("${AWS::Region}", "")))
    parameters = "".join(PARAMETER.format(name=name) for name in names)
    indented = "".join(f"        {line}\n" for line in body.splitlines())
    return HEAD + parameters + RESOURCE + indented


def _place(at: int) -> dict[str, int]:
    across = COLUMNS // WIDTH
    return {"x": at % across * WIDTH, "y": at // across * HEIGHT}


def _grafana_panel(at: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    targets = [
        {"refId": chr(ord("A") + number), "datasource": source, "expr": query, "legendFormat": legend}
        for number, (query, legend) in enumerate(panel.queries)
    ]
    return {
        "id": at + 1,
        "title": panel.title,
        "type": "timeseries",
        "datasource": source,
        "gridPos": {**_place(at), "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def _widget(at: int, panel: Panel) -> dict[str, Any]:
    return {
        "type": "metric",
        **_place(at),
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": panel.title.replace("a second", "a minute"),
            "region": "${AWS::Region}",
            "period": PERIOD,
            "view": "timeSeries",
            "metrics": [_metric(metric) for metric in panel.metrics],
        },
    }


def _metric(metric: Metric) -> list[Any]:
    dimensions = [part for pair in metric.dimensions for part in pair]
    unit = RIGHT_AXES.get(metric.name)
    shown = {"stat": metric.statistic, "label": f"{metric.label}, {unit}" if unit else metric.label}
    return [metric.namespace, metric.name, *dimensions, {**shown, "yAxis": "right"} if unit else shown]
