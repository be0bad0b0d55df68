"""Where the service's metrics and logs are found: names that several panels need.

The metrics are those of `telemetry/metrics.py`. Prometheus writes their names with underscores and units; in CloudWatch
they are what they are. The agent sends each of them several times, with different sets of dimensions
(`aggregation_dimensions` in observability/cloudwatch-agent/config.json), so that a query has to name one set: without
it everything would be counted more than once.
"""

from __future__ import annotations

from files_api.devtools.dashboards.model import Expression, Metric, MetricsInsights

#: What Terraform fills in, and what Grafana asks for under the same names.
PLACEHOLDERS = (
    "region",
    "environment",
    "load_balancer",
    "target_group",
    "auto_scaling_group",
    "bucket",
)

NAMESPACE = "FilesApi"
# The dimensions of every set.
_OF_SERVICE = ("service.name", "deployment.environment.name")
#: As OTLP's `service.name` arrives in Prometheus.
JOB = 'job="files-api"'
#: Health checks come every few seconds and would make every percentile look better than it is.
SERVED = f'{JOB},http_route!~"/health/.*"'
#: The service tells its metrics once a minute, so that a rate needs some of them.
WINDOW = "[5m]"

SERVICE_LOG = "/files-api/${environment}/service"
AUDIT_LOG = "/files-api/${environment}/audit"
#: Where EventBridge puts what the Auto Scaling group tells of itself. A log group that it writes to begins like this.
DEPLOYMENTS_LOG = "/aws/events/files-api/${environment}/deployments"
#: All lines of the service in Loki.
LOKI = '{service_name="files-api"}'

_BALANCER = (("LoadBalancer", "${load_balancer}"),)
_TARGETS = (("TargetGroup", "${target_group}"), ("LoadBalancer", "${load_balancer}"))
_GROUP = (("AutoScalingGroupName", "${auto_scaling_group}"),)


def rate(metric: str, by: str = "", where: str = JOB) -> str:
    """PromQL: how often a second, in all or by a label."""
    grouped = f"sum by ({by}) " if by else "sum"
    return f"{grouped}(rate({metric}{{{where}}}{WINDOW}))"


def quantile(share: float, histogram: str, by: str = "", where: str = JOB) -> str:
    """PromQL: a percentile of a histogram, of all or by a label; `histogram` without `_bucket`."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{{{where}}}{WINDOW})))"


def search(name: str, statistic: str, *by: str) -> Expression:
    """Metric math: a metric of the service, a series for each of its attributes' values.

    The environment is searched as it is, in quotes: a search by a dimension whose name has dots is not documented.

    Args:
        name: The metric's.
        statistic: CloudWatch's name of it.
        by: The attributes, as the agent adds them up.
    """
    schema = ",".join([NAMESPACE, *(f'"{attribute}"' for attribute in (*_OF_SERVICE, *by))])
    return Expression(
        "e1", f"""SEARCH('{{{schema}}} MetricName="{name}" "${{environment}}"', '{statistic}')""", ""
    )


def insights(
    function: str, name: str, schema: tuple[str, ...], by: tuple[str, ...] | None = None, where: str = ""
) -> MetricsInsights:
    """Metrics Insights: a metric of the service, added up by some of its attributes.

    Args:
        function: `SUM` or `COUNT`.
        name: The metric's.
        schema: Its attributes, as the agent adds them up.
        by: Those that make a series each; None: all of them.
        where: What else must hold.
    """
    dimensions = ", ".join(f'"{attribute}"' for attribute in (*_OF_SERVICE, *schema))
    grouped = ", ".join(f'"{attribute}"' for attribute in (schema if by is None else by))
    also = f" AND {where}" if where else ""
    return MetricsInsights(
        "q1",
        f'SELECT {function}("{name}") FROM SCHEMA("{NAMESPACE}", {dimensions}) '  # noqa: S608  # nothing from outside
        f"""WHERE "deployment.environment.name" = '${{environment}}'{also} GROUP BY {grouped}""",
    )


def own(query_id: str, name: str, statistic: str, label: str, *, is_shown: bool = True) -> Metric:
    """A metric of the service, over all instances and whatever attributes it has."""
    values = ("files-api", "${environment}")
    dimensions = tuple(zip(_OF_SERVICE, values, strict=True))
    return Metric(query_id, NAMESPACE, name, dimensions, statistic, label, is_shown)


def balancer(query_id: str, name: str, statistic: str, label: str, *, is_shown: bool = True) -> Metric:
    """A metric of the load balancer."""
    return Metric(query_id, "AWS/ApplicationELB", name, _BALANCER, statistic, label, is_shown)


def targets(query_id: str, name: str, statistic: str, label: str) -> Metric:
    """A metric of the load balancer's targets."""
    return Metric(query_id, "AWS/ApplicationELB", name, _TARGETS, statistic, label)


def instances(query_id: str, namespace: str, name: str, statistic: str, label: str) -> Metric:
    """A metric of the Auto Scaling group, or of its instances together."""
    return Metric(query_id, namespace, name, _GROUP, statistic, label)
