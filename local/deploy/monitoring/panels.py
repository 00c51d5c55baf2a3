"""The panels of the dashboards: what each shows by the metrics of pods, and by those that CloudWatch has."""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """A metric of CloudWatch. Values of dimensions may name parameters of the dashboard's stack: `${ProxyName}`."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    label: str


class Panel(NamedTuple):
    """One panel. `unit` is Grafana's name of it; `queries` are PromQL and the legend of each."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    metrics: tuple[Metric, ...]


P99 = (
    "histogram_quantile(0.99, sum by (service, le) (rate(crossover_request_duration_seconds_bucket[$__rate_interval])))"
)
SERVICES = ("qrcode", "blockchain", "twitter")
FUNCTIONS = tuple((service, f"${{{service.capitalize()}FunctionName}}") for service in SERVICES)
BALANCERS = (("pods", "${EksLoadBalancer}"), ("tasks", "${EcsLoadBalancer}"))


def _functions(metric: str, statistic: str) -> tuple[Metric, ...]:
    return tuple(
        Metric("AWS/Lambda", metric, (("FunctionName", name),), statistic, f"{service} on Lambda")
        for service, name in FUNCTIONS
    )


def _balancers(metric: str, statistic: str, label: str = "") -> tuple[Metric, ...]:
    return tuple(
        Metric("AWS/ApplicationELB", metric, (("LoadBalancer", name),), statistic, f"{which}{label}")
        for which, name in BALANCERS
    )


def _tasks(metric: str) -> tuple[Metric, ...]:
    return tuple(
        Metric(
            "AWS/ECS",
            metric,
            (("ClusterName", "${EcsCluster}"), ("ServiceName", service)),
            "Average",
            f"{service} tasks",
        )
        for service in SERVICES
    )


def _database(metric: str, statistic: str = "Average") -> Metric:
    return Metric("AWS/RDS", metric, (("DBInstanceIdentifier", "${DatabaseIdentifier}"),), statistic, metric)


def _proxy(metric: str, statistic: str) -> Metric:
    return Metric("AWS/RDS", metric, (("ProxyName", "${ProxyName}"),), statistic, metric)


PANELS = (
    Panel(
        "Requests a second",
        "reqps",
        (("sum by (service) (rate(crossover_requests_total[$__rate_interval]))", "{{service}}"),),
        (*_functions("Invocations", "Sum"), *_balancers("RequestCount", "Sum")),
    ),
    Panel(
        "Answers 5xx, a second",
        "reqps",
        (
            (
                'sum by (service, status) (rate(crossover_requests_total{status=~"5.."}[$__rate_interval]))',
                "{{service}} {{status}}",
            ),
        ),
        (
            *_functions("Errors", "Sum"),
            *_balancers("HTTPCode_Target_5XX_Count", "Sum"),
            *_balancers("HTTPCode_ELB_5XX_Count", "Sum", ", by the load balancer"),
        ),
    ),
    Panel(
        "p99 of the time to an answer",
        "s",
        ((P99, "{{service}}"),),
        (*_functions("Duration", "p99"), *_balancers("TargetResponseTime", "p99")),
    ),
    Panel(
        "Refused and throttled, a second",
        "reqps",
        (("sum by (reason) (rate(crossover_refused_total[$__rate_interval]))", "{{reason}}"),),
        _functions("Throttles", "Sum"),
    ),
    Panel(
        "CPU",
        "none",
        (
            (
                "rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) crossover_workers",
                "{{instance}} CPUs",
            ),
        ),
        (*_tasks("CPUUtilization"), _database("CPUUtilization")),
    ),
    Panel(
        "Memory",
        "bytes",
        (("process_resident_memory_bytes and on (instance) crossover_workers", "{{instance}}"),),
        (*_tasks("MemoryUtilization"), _database("FreeableMemory")),
    ),
    Panel(
        "Connections and concurrency",
        "none",
        (
            ("sum(crossover_connections_open)", "open"),
            ("sum(crossover_connections_limit)", "limit"),
        ),
        (*_functions("ConcurrentExecutions", "Maximum"), *_balancers("ActiveConnectionCount", "Sum")),
    ),
    Panel(
        "Workers",
        "none",
        (
            ("sum(crossover_workers)", "live"),
            ("sum(crossover_workers_ready)", "ready"),
            ("sum(crossover_workers_draining)", "draining"),
        ),
        _balancers("HealthyHostCount", "Minimum", ", healthy"),
    ),
    Panel(
        "Connections of the database",
        "none",
        (("sum by (service) (crossover_pool_in_use)", "{{service}} pools, in use"),),
        (
            _database("DatabaseConnections", "Maximum"),
            _proxy("ClientConnections", "Sum"),
            _proxy("DatabaseConnectionsCurrentlySessionPinned", "Maximum"),
        ),
    ),
    Panel(
        "Waiting for a connection or a computation",
        "none",
        (
            ("sum by (service) (crossover_pool_waiting)", "{{service}} waits for a connection"),
            ("sum by (service) (crossover_computing_waiting)", "{{service}} waits for a computation"),
        ),
        (_proxy("DatabaseConnectionsBorrowLatency", "Average"),),
    ),
)
