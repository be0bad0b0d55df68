"""All alarms. One is here only if somebody would do something about it; docs/runbook.md says what."""

from __future__ import annotations

from files_api.devtools.alarms.burn_rates import (
    BURN_RATES,
    alarms_of,
    load_balancer_counts,
    share_of_failures,
)
from files_api.devtools.alarms.log_metrics import (
    AUDIT_NOT_SHIPPED,
    DEEP_HEALTH_FAILED,
    DYNAMODB_REFUSED,
    GENERATIONS_FAILED,
    GENERATIONS_MADE,
    SERVICE_LOG_GROUP,
    SLOW_READ_MS,
    SLOW_SMALL_READS,
    SMALL_READS,
    metric_of,
)
from files_api.devtools.alarms.model import (
    AUTO_SCALING_GROUP,
    ENVIRONMENT,
    LOAD_BALANCER,
    TARGET_GROUP,
    Alarm,
    Comparison,
    CompositeAlarm,
    Expression,
    LogMetric,
    Metric,
    MetricAlarm,
    Missing,
    Severity,
)

_FIVE_MINUTES, _QUARTER = 300, 900

#: Of fewer requests in five minutes, a median is whoever happened to come.
_MIN_REQUESTS = 100
_MIN_SLOW_READS = 10
_MIN_FAILED_GENERATIONS = 5
#: Calls in five minutes. Fewer are the weather of a distributed store, and are tried again.
_S3_CALLS = 10
#: The calls that are measured (`adapters/s3/calls.py`).
_S3_OPERATIONS = ("GetObject", "HeadObject", "ListObjectsV2", "PutObject", "UploadPart")


def _of_service(name: str, metric: str, statistic: str, **attributes: str) -> Metric:
    """Name a metric of the service, by all the dimensions it has: CloudWatch adds nothing up by itself."""
    dimensions = {
        **{key.replace("_", "."): value for key, value in attributes.items()},
        "deployment.environment.name": ENVIRONMENT,
        "service.name": "files-api",
    }
    return Metric(name, "FilesApi", metric, statistic, tuple(dimensions.items()))


def _of_group(name: str, metric: str, statistic: str) -> Metric:
    return Metric(name, "AWS/AutoScaling", metric, statistic, (("AutoScalingGroupName", AUTO_SCALING_GROUP),))


def _of_targets(name: str, metric: str) -> Metric:
    dimensions = (("LoadBalancer", LOAD_BALANCER), ("TargetGroup", TARGET_GROUP))
    # What any of the load balancer's nodes sees.
    return Metric(name, "AWS/ApplicationELB", metric, "Maximum", dimensions)


def _filled(name: str) -> str:
    return f"FILL({name}, 0)"


_REQUESTS = load_balancer_counts()[0]

NO_HEALTHY_HOSTS = MetricAlarm(
    "no-healthy-hosts",
    Severity.PAGE,
    "No instance has passed its health check for two minutes.",
    metrics=(_of_targets("healthy", "HealthyHostCount"),),
    expressions=(Expression("hosts", "healthy", "Healthy instances"),),
    period_seconds=60,
    periods=2,
    bad_periods=2,
    comparison=Comparison.BELOW,
    threshold=1,
    # An empty target group says nothing at all.
    missing=Missing.BAD,
)

UNHEALTHY_HOSTS = MetricAlarm(
    "unhealthy-hosts",
    Severity.TICKET,
    "For half an hour there was always an instance that did not pass its health check.",
    metrics=(_of_targets("unhealthy", "UnHealthyHostCount"),),
    expressions=(Expression("hosts", _filled("unhealthy"), "Unhealthy instances"),),
    period_seconds=_FIVE_MINUTES,
    periods=6,
    bad_periods=6,
    threshold=0,
)

INSTANCES_MISSING = MetricAlarm(
    "instances-missing",
    Severity.TICKET,
    "For half an hour there were fewer instances in service than wanted.",
    metrics=(
        _of_group("wanted", "GroupDesiredCapacity", "Minimum"),
        _of_group("in_service", "GroupInServiceInstances", "Maximum"),
    ),
    expressions=(
        Expression("missing", f"{_filled('wanted')} - {_filled('in_service')}", "Instances that are missing"),
    ),
    period_seconds=_FIVE_MINUTES,
    periods=6,
    bad_periods=6,
    threshold=0,
)

# The median: the 99th percentile of all requests is about generations and uploads, which take as long as they take.
# And the load balancer's clock: it also sees what waits before the service has begun with it.
ANSWERS_BEGIN_LATE = MetricAlarm(
    "answers-begin-late",
    Severity.PAGE,
    "For 15 minutes half of all answers began later than a second after the request.",
    metrics=(
        _REQUESTS,
        Metric(
            "first_byte",
            "AWS/ApplicationELB",
            "TargetResponseTime",
            "p50",
            (("LoadBalancer", LOAD_BALANCER),),
        ),
    ),
    expressions=(
        Expression(
            "median",
            f"IF({_filled('requests')} >= {_MIN_REQUESTS}, {_filled('first_byte')}, 0)",
            "Seconds to the answer's beginning, median",
        ),
    ),
    period_seconds=_FIVE_MINUTES,
    periods=3,
    bad_periods=3,
    threshold=1,
)

# "More than 1 % are slower than X" is "the 99th percentile is above X", and is made of counts, which add up.
SMALL_READS_SLOW = MetricAlarm(
    "small-reads-slow",
    Severity.TICKET,
    f"For half an hour more than 1 % of small reads took longer than {SLOW_READ_MS} ms.",
    metrics=(metric_of(SMALL_READS, "reads"), metric_of(SLOW_SMALL_READS, "slow_reads")),
    expressions=(
        Expression("slow", _filled("slow_reads"), "Slow small reads"),
        Expression(
            "share", share_of_failures("slow", _filled("reads"), _MIN_SLOW_READS), "Share of slow small reads"
        ),
    ),
    period_seconds=_QUARTER,
    periods=2,
    bad_periods=2,
    threshold=0.01,
)

LIMITS_UNAVAILABLE = MetricAlarm(
    "limits-unavailable",
    Severity.TICKET,
    "Requests pass without being counted: the store of the limits does not answer.",
    metrics=(_of_service("uncounted", "limits.unavailable", "Sum"),),
    expressions=(Expression("passed", _filled("uncounted"), "Requests that nobody counted"),),
    period_seconds=_FIVE_MINUTES,
    periods=3,
    bad_periods=2,
    threshold=0,
)

UNHANDLED_EXCEPTIONS = MetricAlarm(
    "unhandled-exceptions",
    Severity.TICKET,
    "The service met an exception that nobody foresaw.",
    metrics=(
        _of_service("in_requests", "unhandled.exceptions", "Sum", where="request"),
        _of_service("in_background", "unhandled.exceptions", "Sum", where="background"),
    ),
    expressions=(
        Expression("exceptions", f"{_filled('in_requests')} + {_filled('in_background')}", "Exceptions"),
    ),
    period_seconds=_FIVE_MINUTES,
    threshold=0,
)

GENERATIONS_FAILING = MetricAlarm(
    "generations-failing",
    Severity.TICKET,
    "More than a quarter of the generations of 15 minutes failed at OpenAI.",
    metrics=(metric_of(GENERATIONS_MADE, "made"), metric_of(GENERATIONS_FAILED, "not_made")),
    expressions=(
        Expression("failed", _filled("not_made"), "Generations that failed"),
        Expression(
            "share",
            share_of_failures("failed", f"{_filled('made')} + failed", _MIN_FAILED_GENERATIONS),
            "Share of failed generations",
        ),
    ),
    period_seconds=_QUARTER,
    threshold=0.25,
)


def _s3(outcome: str, summary: str) -> MetricAlarm:
    calls = tuple(
        _of_service(
            f"{outcome}_{operation.lower()}",
            "s3.call.duration",
            "SampleCount",
            s3_operation=operation,
            s3_outcome=outcome,
        )
        for operation in _S3_OPERATIONS
    )
    return MetricAlarm(
        f"s3-{outcome}",
        Severity.TICKET,
        summary,
        metrics=calls,
        expressions=(
            Expression(
                "calls", " + ".join(_filled(call.id) for call in calls), f"Calls to S3 that were {outcome}"
            ),
        ),
        period_seconds=_FIVE_MINUTES,
        periods=3,
        bad_periods=3,
        threshold=_S3_CALLS,
    )


S3_THROTTLED = _s3("throttled", f"For 15 minutes S3 has refused more than {_S3_CALLS} calls as too many.")
S3_UNREACHABLE = _s3("unreachable", f"For 15 minutes more than {_S3_CALLS} calls did not reach S3.")


def _on_lines(name: str, summary: str, counted: LogMetric, *, periods: int = 1) -> MetricAlarm:
    return MetricAlarm(
        name,
        Severity.TICKET,
        summary,
        metrics=(metric_of(counted, "lines"),),
        expressions=(Expression("found", _filled("lines"), "Lines in the log"),),
        period_seconds=_FIVE_MINUTES,
        periods=periods,
        bad_periods=periods,
        threshold=0,
    )


DYNAMODB_IS_REFUSING = _on_lines(
    "dynamodb-refused",
    "DynamoDB refuses the service, and not because it is busy.",
    DYNAMODB_REFUSED,
)
AUDIT_IS_NOT_SHIPPED = _on_lines(
    "audit-not-shipped",
    "Audit lines did not reach their log group.",
    AUDIT_NOT_SHIPPED,
)
DEEP_HEALTH_IS_FAILING = _on_lines(
    "deep-health-failed",
    "For 15 minutes /health/deep found something that the service depends on unwell.",
    DEEP_HEALTH_FAILED,
    periods=3,
)

# The alarms on the log are blind without a log, and look well.
LOGS_MISSING = MetricAlarm(
    "logs-missing",
    Severity.TICKET,
    "For half an hour requests were served, and no log line has arrived.",
    metrics=(
        _REQUESTS,
        Metric("lines", "AWS/Logs", "IncomingLogEvents", "Sum", (("LogGroupName", SERVICE_LOG_GROUP),)),
    ),
    expressions=(
        Expression(
            "silent",
            f"IF({_filled('requests')} >= {_MIN_REQUESTS}, IF({_filled('lines')} < 1, 1, 0), 0)",
            "1 where the log is silent",
        ),
    ),
    period_seconds=_QUARTER,
    periods=2,
    bad_periods=2,
    threshold=0,
)

BURN_ALARMS: tuple[Alarm, ...] = tuple(alarm for burn in BURN_RATES for alarm in alarms_of(burn))

ALARMS: tuple[Alarm, ...] = (
    *BURN_ALARMS,
    NO_HEALTHY_HOSTS,
    UNHEALTHY_HOSTS,
    INSTANCES_MISSING,
    ANSWERS_BEGIN_LATE,
    SMALL_READS_SLOW,
    LOGS_MISSING,
    UNHANDLED_EXCEPTIONS,
    GENERATIONS_FAILING,
    S3_THROTTLED,
    S3_UNREACHABLE,
    DYNAMODB_IS_REFUSING,
    LIMITS_UNAVAILABLE,
    AUDIT_IS_NOT_SHIPPED,
    DEEP_HEALTH_IS_FAILING,
)

#: Those that tell somebody. Each has a section in the runbook.
TOLD: tuple[Alarm, ...] = tuple(alarm for alarm in ALARMS if alarm.severity is not Severity.PART)
METRIC_ALARMS = tuple(alarm for alarm in ALARMS if isinstance(alarm, MetricAlarm))
COMPOSITE_ALARMS = tuple(alarm for alarm in ALARMS if isinstance(alarm, CompositeAlarm))
