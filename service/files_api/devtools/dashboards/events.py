"""The rows about single events: limits and who was refused, lines of the log, traces, deployments."""

from __future__ import annotations

from files_api.devtools.dashboards.model import Kind, LogQL, Panel, PromQL, Row, TraceQL, Unit, XRay
from files_api.devtools.dashboards.saved_queries import DEPLOYMENTS, LAST_AUDIT, LAST_ERRORS, SLOWEST
from files_api.devtools.dashboards.sources import (
    DEPLOYMENTS_LOG,
    JOB,
    LOKI,
    WINDOW,
    insights,
    instances,
    own,
)

LIMITS = Row(
    title="Limits and access",
    question="Who is refused, and is anybody let through who should not be?",
    panels=(
        Panel(
            title="Limits that were met",
            question="Which limits refuse requests? `concurrency` is the service's own: there it is too small.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            local=(PromQL(f"sum by (limit) (increase(limits_hits_total{{{JOB}}}{WINDOW}))", "{{limit}}"),),
            aws=(insights("SUM", "limits.hits", ("limit",)),),
            example=("reads", "writes", "generations", "concurrency"),
        ),
        Panel(
            title="Authentication failures",
            question="Who shows no credential, or a bad one? Many of one kind are a client that was set up wrong, "
            "or somebody who tries.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            local=(
                PromQL(
                    f"sum by (reason) (increase(authentication_failures_total{{{JOB}}}{WINDOW}))",
                    "{{reason}}",
                ),
            ),
            aws=(insights("SUM", "authentication.failures", ("reason",)),),
            example=("missing", "unknown", "expired"),
        ),
        Panel(
            title="Limits unavailable",
            question="How many requests passed because nobody could count them? Anything but 0 is Valkey being away.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            local=(PromQL(f"sum(increase(limits_unavailable_total{{{JOB}}}{WINDOW}))", "not counted"),),
            aws=(own("passed", "limits.unavailable", "Sum", "not counted"),),
            example=("not counted",),
        ),
    ),
)

# The id of the trace stands in the lines as the data source of Loki looks for it, to make a link of it.
# The level is matched in the line as it is: a stream may have a label of that name, and then the line's is another.
_ERRORS = f'{LOKI} |~ `"level": ?"(ERROR|CRITICAL)"|"status": ?5[0-9][0-9]`'

LOGS = Row(
    title="Logs and traces",
    question="What exactly happened? Each line has the id of its trace.",
    panels=(
        Panel(
            title="Last errors",
            question="What went wrong last? Lines of level ERROR, and requests that were answered with 5xx.",
            kind=Kind.LOGS,
            unit=Unit.NONE,
            width=24,
            local=(
                LogQL(
                    f"{_ERRORS} | json | line_format "
                    '`{{.event}} {{.status}} {{.error_code}} {{.route}} {{.message}} "trace_id": "{{.trace_id}}"`'
                ),
            ),
            aws=(LAST_ERRORS,),
            example=("@timestamp", "level", "event", "message", "status", "error_code", "trace_id"),
        ),
        Panel(
            title="Slowest requests",
            question="Which requests took longest? Locally those above half a second.",
            kind=Kind.LOGS,
            unit=Unit.NONE,
            width=12,
            local=(
                LogQL(
                    f'{LOKI} | json | event="request" | duration_ms > 500 | line_format '
                    '`{{.duration_ms}} ms {{.method}} {{.route}} {{.status}} {{.outcome}} "trace_id": "{{.trace_id}}"`'
                ),
            ),
            aws=(SLOWEST,),
            example=("@timestamp", "duration_ms", "method", "route", "trace_id"),
        ),
        Panel(
            title="Failed or slow traces",
            question="Where did the time go? A click opens the trace.",
            kind=Kind.TRACES,
            unit=Unit.NONE,
            width=12,
            local=(
                TraceQL('{ resource.service.name = "files-api" && (status = error || trace:duration > 1s) }'),
            ),
            aws=(XRay('service("files-api") AND (fault = true OR error = true OR responsetime > 1)'),),
            example=("trace", "method", "route", "duration"),
        ),
        Panel(
            title="Audit",
            question="Who was refused, and what was deleted or changed?",
            kind=Kind.LOGS,
            unit=Unit.NONE,
            width=24,
            local=(
                LogQL(
                    f'{LOKI} | json | logger="files_api.audit" | line_format '
                    "`{{.event}} {{.reason}} {{.key_id}} {{.client_address}} {{.file_path}} "
                    '"trace_id": "{{.trace_id}}"`'
                ),
            ),
            aws=(LAST_AUDIT,),
            example=("@timestamp", "event", "reason", "key_id", "client_address", "trace_id"),
        ),
    ),
)

DEPLOYMENT_MARKS = Row(
    title="Deployments",
    question="Did it begin with a deployment?",
    panels=(
        Panel(
            title="Versions that run",
            question="How many processes of which version are there?",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=24,
            local=(PromQL(f"count by (service_version) (target_info{{{JOB}}})", "{{service_version}}"),),
            example=("1.0.0", "1.1.0"),
        ),
        Panel(
            title="Instances that come and go",
            question="When were instances replaced? The same marks, seen from the Auto Scaling group.",
            kind=Kind.TIME_SERIES,
            unit=Unit.COUNT,
            width=8,
            aws=(
                instances("pending", "AWS/AutoScaling", "GroupPendingInstances", "Maximum", "starting"),
                instances("ending", "AWS/AutoScaling", "GroupTerminatingInstances", "Maximum", "ending"),
            ),
            example=("starting", "ending"),
        ),
        Panel(
            title="Instance refreshes",
            question="Which deployments were there, and how did they end?",
            kind=Kind.LOGS,
            unit=Unit.NONE,
            width=12,
            aws=(DEPLOYMENTS,),
            example=("@timestamp", "what", "refresh", "id"),
        ),
        Panel(
            title="How to read this",
            question="Where do the marks come from?",
            kind=Kind.TEXT,
            unit=Unit.NONE,
            width=4,
            text=f"EventBridge writes what the Auto Scaling group does to `{DEPLOYMENTS_LOG}`.\n\n"
            "This dashboard is made by `files_api.devtools.dashboards`: change it there, not here.",
        ),
    ),
)
