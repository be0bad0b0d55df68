"""The rows that tell whether something is wrong: health at a glance, requests, instances."""

from __future__ import annotations

from files_api.devtools.dashboards.model import Expression, Kind, Panel, PromQL, Row, Threshold, Unit
from files_api.devtools.dashboards.sources import (
    JOB,
    NAMESPACE,
    SERVED,
    WINDOW,
    balancer,
    insights,
    instances,
    own,
    quantile,
    rate,
    search,
    targets,
)

_DURATION = "http_server_request_duration_seconds"
_COUNT = f"{_DURATION}_count"
_FAILED = f'{SERVED},http_response_status_class="5xx"'
#: FILES_API_MAX_CONCURRENCY, as it is by default.
MAX_CONCURRENCY = 256

_BALANCER_COUNTS = (
    balancer("requests", "RequestCount", "Sum", "requests", is_shown=False),
    balancer("target_5xx", "HTTPCode_Target_5XX_Count", "Sum", "5xx of the service", is_shown=False),
    balancer("elb_5xx", "HTTPCode_ELB_5XX_Count", "Sum", "5xx of the load balancer", is_shown=False),
)
_BAD = "(FILL(target_5xx, 0) + FILL(elb_5xx, 0))"
# As the alarms count. What the load balancer refuses for want of a target is not in its RequestCount
# (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
_ALL = f"MAX([FILL(requests, 0), {_BAD}])"

_AVAILABILITY = Panel(
    title="Availability",
    question="Which share of the requests was not answered with 5xx, over all the time that is shown? "
    "The goal is 99.9 %.",
    kind=Kind.STAT,
    unit=Unit.PERCENT,
    width=4,
    local=(
        PromQL(
            f"100 * (1 - (sum(increase({_COUNT}{{{_FAILED}}}[$__range])) or vector(0))"
            f" / sum(increase({_COUNT}{{{SERVED}}}[$__range])))",
            "availability",
            over_range=True,
        ),
    ),
    aws=(
        *_BALANCER_COUNTS,
        Expression("availability", f"100 * (1 - RUNNING_SUM({_BAD}) / RUNNING_SUM({_ALL}))", "availability"),
    ),
    threshold=Threshold(99.9, "goal"),
    example=("99.97 %",),
)

_LATENCY = Panel(
    title="Latency",
    question="How long does half of the requests take at most, and how long do the slowest 5 % and 1 % take at least? "
    "The load balancer measures until the head of the answer, the service until its last byte.",
    kind=Kind.TIME_SERIES,
    unit=Unit.SECONDS,
    width=8,
    local=tuple(
        PromQL(quantile(share, _DURATION, where=SERVED), name)
        for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    ),
    aws=tuple(balancer(name, "TargetResponseTime", name, name) for name in ("p50", "p95", "p99")),
    example=("p50", "p95", "p99"),
)

_ERROR_RATE = Panel(
    title="Error rate",
    question="Which share of the requests fails, now? 1.44 % for an hour is what pages: 14.4 times what 99.9 % allows.",
    kind=Kind.TIME_SERIES,
    unit=Unit.PERCENT,
    width=6,
    local=(
        PromQL(
            f"100 * ({rate(_COUNT, where=_FAILED)} or vector(0)) / {rate(_COUNT, where=SERVED)}",
            "5xx",
        ),
    ),
    aws=(
        *_BALANCER_COUNTS,
        Expression("service", f"100 * FILL(target_5xx, 0) / {_ALL}", "by the service"),
        Expression("lb", f"100 * FILL(elb_5xx, 0) / {_ALL}", "by the load balancer"),
    ),
    threshold=Threshold(1.44, "14.4x"),
    example=("5xx",),
)

_SATURATION = Panel(
    title="Saturation",
    question="How full is the fullest worker, in requests that are being served of those it may work on "
    f"(FILES_API_MAX_CONCURRENCY, {MAX_CONCURRENCY})? Those that wait for a slow client are counted here, though not "
    "by the limit. And how busy are the processors?",
    kind=Kind.TIME_SERIES,
    unit=Unit.PERCENT,
    width=6,
    local=(PromQL(f"100 * max(http_server_active_requests{{{JOB}}}) / {MAX_CONCURRENCY}", "fullest worker"),),
    aws=(
        own("active", "http.server.active_requests", "Maximum", "being served", is_shown=False),
        Expression(
            "full",
            f"100 * active / {MAX_CONCURRENCY}",
            "fullest worker",
        ),
        instances("cpu", "AWS/EC2", "CPUUtilization", "Average", "CPU"),
    ),
    threshold=Threshold(80, "worth a look"),
    example=("fullest worker", "CPU"),
)

HEALTH = Row(
    title="Health at a glance",
    question="Is something wrong, and since when?",
    panels=(_AVAILABILITY, _LATENCY, _ERROR_RATE, _SATURATION),
)

_BY_STATUS = Panel(
    title="Requests by status class",
    question="How many requests are there, and how do they end?",
    kind=Kind.TIME_SERIES,
    unit=Unit.PER_SECOND,
    aws_unit=Unit.COUNT,
    width=12,
    local=(
        PromQL(
            rate(_COUNT, "http_response_status_class", SERVED),
            "{{http_response_status_class}}",
        ),
    ),
    aws=tuple(
        balancer(f"s{digit}", f"HTTPCode_Target_{digit}XX_Count", "Sum", f"{digit}xx")
        for digit in (2, 3, 4, 5)
    ),
    example=("2xx", "3xx", "4xx", "5xx"),
)

_BALANCER_ERRORS = Panel(
    title="What the load balancer answers itself",
    question="Do requests fail before the service sees them? 502: it closed the connection; 503: no healthy target; "
    "504: it did not answer in time.",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=6,
    aws=(
        balancer("e502", "HTTPCode_ELB_502_Count", "Sum", "502"),
        balancer("e503", "HTTPCode_ELB_503_Count", "Sum", "503"),
        balancer("e504", "HTTPCode_ELB_504_Count", "Sum", "504"),
        balancer("connect", "TargetConnectionErrorCount", "Sum", "no connection to a target"),
    ),
    example=("502", "503", "504"),
)

_TARGETS = Panel(
    title="Targets",
    question="How many instances does the load balancer believe to be well?",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=6,
    aws=(
        targets("healthy", "HealthyHostCount", "Minimum", "healthy"),
        targets("unhealthy", "UnHealthyHostCount", "Maximum", "unhealthy"),
    ),
    example=("healthy", "unhealthy"),
)

_BY_ROUTE = Panel(
    title="Slowest 1 % by route",
    question="Which route is it? Until the last byte, so that a large file over a slow line counts here.",
    kind=Kind.TIME_SERIES,
    unit=Unit.SECONDS,
    width=12,
    local=(
        PromQL(
            quantile(0.99, _DURATION, "http_request_method, http_route", SERVED),
            "{{http_request_method}} {{http_route}}",
        ),
    ),
    aws=(search("http.server.request.duration", "p99", "http.route"),),
    example=("GET /v1/files/{file_path}", "PUT /v1/files/{file_path}", "POST /v1/files/generated"),
)

_BYTES = Panel(
    title="Bytes of files",
    question="How much is stored and sent?",
    kind=Kind.TIME_SERIES,
    unit=Unit.BYTES_PER_SECOND,
    aws_unit=Unit.BYTES,
    width=12,
    local=(
        PromQL(rate("files_uploaded_bytes_total"), "stored"),
        PromQL(rate("files_downloaded_bytes_total"), "sent"),
    ),
    aws=(
        own("stored", "files.uploaded", "Sum", "stored"),
        own("sent", "files.downloaded", "Sum", "sent"),
    ),
    example=("stored", "sent"),
)

REQUESTS = Row(
    title="Load balancer",
    local_title="Requests",
    question="What comes in, and what goes out?",
    panels=(_BY_STATUS, _BALANCER_ERRORS, _TARGETS, _BY_ROUTE, _BYTES),
)

_CPU = Panel(
    title="CPU",
    question="Are the instances busy, all of them or one?",
    kind=Kind.TIME_SERIES,
    unit=Unit.PERCENT,
    width=6,
    aws=(
        instances("average", "AWS/EC2", "CPUUtilization", "Average", "average"),
        instances("busiest", "AWS/EC2", "CPUUtilization", "Maximum", "busiest"),
    ),
    example=("average", "busiest"),
)

_MEMORY = Panel(
    title="Memory and disk",
    question="Is one of the instances running out of memory or of disk?",
    kind=Kind.TIME_SERIES,
    unit=Unit.PERCENT,
    width=6,
    aws=(
        instances("memory", NAMESPACE, "mem_used_percent", "Maximum", "memory, fullest"),
        instances("disk", NAMESPACE, "disk_used_percent", "Maximum", "disk, fullest"),
    ),
    threshold=Threshold(85, "worth a look"),
    example=("memory, fullest", "disk, fullest"),
)

_IN_SERVICE = Panel(
    title="Instances in service",
    question="Are there as many as wanted, and is there room for more?",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=6,
    aws=(
        instances("inservice", "AWS/AutoScaling", "GroupInServiceInstances", "Minimum", "in service"),
        instances("desired", "AWS/AutoScaling", "GroupDesiredCapacity", "Maximum", "desired"),
        instances("most", "AWS/AutoScaling", "GroupMaxSize", "Maximum", "at most"),
    ),
    example=("in service", "desired", "at most"),
)

_PER_TARGET = Panel(
    title="Requests per instance",
    question="What does target tracking see? Each instance's share of the requests, in the period of a point.",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=6,
    aws=(targets("share", "RequestCountPerTarget", "Sum", "requests per instance"),),
    example=("requests per instance",),
)

_ACTIVE = Panel(
    title="Requests being served",
    question="How many requests does each worker serve at this moment?",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=8,
    local=(PromQL(f"sum by (instance) (http_server_active_requests{{{JOB}}})", "{{instance}}"),),
    aws=(
        own("most", "http.server.active_requests", "Maximum", "fullest worker"),
        own("mean", "http.server.active_requests", "Average", "average worker"),
    ),
    example=("host/4711", "host/4712"),
)

_WAITS = Panel(
    title="Waiting for a connection to S3",
    question="Do requests wait before their work can go on? The slowest 1 % of those that had to open a connection.",
    kind=Kind.TIME_SERIES,
    unit=Unit.SECONDS,
    width=8,
    local=(PromQL(quantile(0.99, "pool_wait_duration_seconds", "pool"), "{{pool}}"),),
    aws=(search("pool.wait.duration", "p99", "pool"),),
    example=("s3_connection",),
)

_UNHANDLED = Panel(
    title="Unhandled exceptions",
    question="Did something happen that nobody foresaw? Each has a line in the log, with its trace.",
    kind=Kind.TIME_SERIES,
    unit=Unit.COUNT,
    width=8,
    local=(
        PromQL(
            f"sum by (where) (increase(unhandled_exceptions_total{{{JOB}}}{WINDOW}))",
            "{{where}}",
        ),
    ),
    aws=(insights("SUM", "unhandled.exceptions", ("where",)),),
    example=("request", "background"),
)

INSTANCES = Row(
    title="Instances",
    local_title="Processes",
    question="Is there enough of everything?",
    panels=(_CPU, _MEMORY, _IN_SERVICE, _PER_TARGET, _ACTIVE, _WAITS, _UNHANDLED),
)
