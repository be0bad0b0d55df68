"""What CloudWatch Logs counts in the service's log, for alarms on what only the log tells.

A log metric has no dimension, so that each environment has a namespace of its own.
"""

from __future__ import annotations

from files_api.devtools.alarms.model import ENVIRONMENT, LogMetric, Metric

SERVICE_LOG_GROUP = f"/files-api/{ENVIRONMENT}/service"
NAMESPACE = f"FilesApi/{ENVIRONMENT}"

#: Small, in bytes: such an answer fits into the socket's send buffer, so that a slow client cannot make it slow.
SMALL_READ_BYTES = 65_536
#: Slow, in milliseconds. S3 begins its answers in 100 to 200 ms, says AWS
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html); this leaves room for one retry,
#: and for looking up the key.
SLOW_READ_MS = 500

_SMALL_READ = (
    '($.event = "request") && ($.method = "GET") && ($.route = "/v1/files/{file_path}") && '
    f'(($.status = 200) || ($.status = 206)) && ($.outcome = "complete") && ($.bytes_out <= {SMALL_READ_BYTES})'
)
_GENERATION = '($.event = "request") && ($.method = "POST") && ($.route = "/v1/files/generated")'
#: The codes of docs/errors.md that mean: OpenAI did not do it, or nobody may ask it.
_GENERATION_FAILED = " || ".join(
    f'($.error_code = "{code}")'
    for code in (
        "generator_unavailable",
        "generator_timeout",
        "generator_bad_answer",
        "generation_not_configured",
    )
)


def _lines(name: str, pattern: str) -> LogMetric:
    return LogMetric(name, SERVICE_LOG_GROUP, f"{{ {pattern} }}")


SMALL_READS = _lines("SmallReads", _SMALL_READ)
SLOW_SMALL_READS = _lines("SlowSmallReads", f"{_SMALL_READ} && ($.duration_ms > {SLOW_READ_MS})")
GENERATIONS_MADE = _lines("GenerationsMade", f"{_GENERATION} && ($.status < 300)")
GENERATIONS_FAILED = _lines("GenerationsFailed", f"{_GENERATION} && ({_GENERATION_FAILED})")
DYNAMODB_REFUSED = _lines("DynamoDBRefused", '$.event = "dynamodb_refused"')
AUDIT_NOT_SHIPPED = _lines("AuditNotShipped", '$.event = "audit_not_shipped"')
DEEP_HEALTH_FAILED = _lines("DeepHealthFailed", '$.event = "health_check_failed"')

LOG_METRICS = (
    SMALL_READS,
    SLOW_SMALL_READS,
    GENERATIONS_MADE,
    GENERATIONS_FAILED,
    DYNAMODB_REFUSED,
    AUDIT_NOT_SHIPPED,
    DEEP_HEALTH_FAILED,
)


def metric_of(counted: LogMetric, name: str) -> Metric:
    """The metric that these lines make.

    Args:
        counted: Which lines.
        name: What expressions call it.
    """
    return Metric(name, NAMESPACE, counted.name, "Sum")
