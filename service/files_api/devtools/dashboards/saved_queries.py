"""The queries of Logs Insights that an operator would otherwise write at night. The field names are those of the log.

In capitals stands what is to be replaced: REQUEST_ID, TRACE_ID, KEY_ID, FILE_PATH.
"""

from __future__ import annotations

from dataclasses import dataclass

from files_api.devtools.dashboards.model import LogsInsights
from files_api.devtools.dashboards.sources import AUDIT_LOG, DEPLOYMENTS_LOG, SERVICE_LOG


@dataclass(frozen=True)
class SavedQuery:
    """A query that has a name.

    Attributes:
        name: What it is found by.
        question: What it answers.
        query: What it is.
    """

    name: str
    question: str
    query: LogsInsights


def _service(*commands: str) -> LogsInsights:
    return LogsInsights((SERVICE_LOG,), commands)


def _audit(*commands: str) -> LogsInsights:
    return LogsInsights((AUDIT_LOG,), commands)


LAST_ERRORS = _service(
    'filter level in ["ERROR", "CRITICAL"] or (event = "request" and status >= 500)',
    "fields @timestamp, level, event, message, route, status, error_code, request_id, trace_id, xray_trace_id",
    "sort @timestamp desc",
    "limit 50",
)
SLOWEST = _service(
    'filter event = "request"',
    "fields @timestamp, duration_ms, method, route, status, bytes_in, bytes_out, outcome, request_id, trace_id, "
    "xray_trace_id",
    "sort duration_ms desc",
    "limit 50",
)
LAST_AUDIT = _audit(
    "fields @timestamp, event, reason, scope, key_id, subject, client, actor, file_path, client_address, request_id, "
    "trace_id",
    "sort @timestamp desc",
    "limit 50",
)
DEPLOYMENTS = LogsInsights(
    (DEPLOYMENTS_LOG,),
    (
        "fields @timestamp, `detail-type` as what, detail.InstanceRefreshId as refresh, detail.EC2InstanceId as id",
        "sort @timestamp desc",
        "limit 50",
    ),
)

SAVED_QUERIES = (
    SavedQuery("errors/last", "What went wrong last?", LAST_ERRORS),
    SavedQuery(
        "errors/by route and code",
        "Which routes fail, and with which code?",
        _service(
            'filter event = "request" and status >= 400',
            "stats count(*) as requests by route, method, status, error_code",
            "sort requests desc",
        ),
    ),
    SavedQuery(
        "errors/over time",
        "Since when does it fail?",
        _service(
            'filter event = "request"',
            # 1 for 500 to 599, 0 for what is less: what a comparison is in a sum is not documented.
            "fields floor(status / 500) as is_failed, 100 * floor(status / 500) as failed_percent",
            "stats sum(is_failed) as failed, count(*) as requests, avg(failed_percent) as percent by bin(5m)",
        ),
    ),
    SavedQuery(
        "errors/other events",
        "What else did the service complain about?",
        _service(
            'filter level in ["WARNING", "ERROR", "CRITICAL"] and ispresent(event)',
            "stats count(*) as lines, latest(@timestamp) as last by event, level",
            "sort lines desc",
        ),
    ),
    SavedQuery(
        "one/request",
        "What happened in this request?",
        _service(
            'filter request_id = "REQUEST_ID"',
            "fields @timestamp, level, logger, event, message, @message",
            "sort @timestamp asc",
        ),
    ),
    SavedQuery(
        "one/trace",
        "What was logged under this trace? Its id as W3C or as X-Ray writes it.",
        _service(
            'filter trace_id = "TRACE_ID" or xray_trace_id = "TRACE_ID"',
            "fields @timestamp, level, logger, event, message, @message",
            "sort @timestamp asc",
        ),
    ),
    SavedQuery(
        "one/key",
        "What does this key do?",
        _service(
            'filter event = "request" and key_id = "KEY_ID"',
            "fields @timestamp, method, route, status, error_code, duration_ms, bytes_in, bytes_out, request_id, "
            "trace_id",
            "sort @timestamp desc",
            "limit 200",
        ),
    ),
    SavedQuery(
        "one/file",
        "Who did what with this file? Its path as it stands in the URL.",
        _service(
            'filter event = "request" and path = "/v1/files/FILE_PATH"',
            "fields @timestamp, method, status, error_code, key_id, bytes_in, bytes_out, request_id, trace_id",
            "sort @timestamp desc",
            "limit 200",
        ),
    ),
    SavedQuery("latency/slowest requests", "Which requests took longest?", SLOWEST),
    SavedQuery(
        "latency/by route",
        "How long do the routes take?",
        _service(
            'filter event = "request"',
            "stats count(*) as requests, pct(duration_ms, 50) as p50_ms, pct(duration_ms, 95) as p95_ms, "
            "pct(duration_ms, 99) as p99_ms, max(duration_ms) as max_ms by method, route",
            "sort p99_ms desc",
        ),
    ),
    SavedQuery(
        "latency/small reads",
        "Is the service level for small reads met? Files of up to 64 KiB.",
        _service(
            'filter event = "request" and method = "GET" and route = "/v1/files/{file_path}"',
            "filter status = 200 and bytes_out <= 65536",
            "stats count(*) as requests, pct(duration_ms, 50) as p50_ms, pct(duration_ms, 99) as p99_ms by bin(5m)",
        ),
    ),
    SavedQuery(
        "load/by key",
        "Who causes the load?",
        _service(
            'filter event = "request"',
            "stats count(*) as requests, sum(bytes_in) as stored, sum(bytes_out) as sent, avg(duration_ms) as mean_ms "
            "by key_id",
            "sort requests desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "load/clients that went away",
        "Who does not wait for the answer? A client's timeout, or a service that is too slow for it.",
        _service(
            'filter event = "request" and outcome = "client_gone"',
            "stats count(*) as requests, pct(duration_ms, 50) as p50_ms by key_id, method, route",
            "sort requests desc",
        ),
    ),
    SavedQuery(
        "limits/refused",
        "Who meets the limits?",
        _service(
            'filter event = "request" and status in [429, 503]',
            "stats count(*) as requests by key_id, status, error_code, route",
            "sort requests desc",
        ),
    ),
    SavedQuery(
        "limits/not enforced",
        "When could nobody count?",
        _service(
            'filter event in ["limits_unavailable", "quota_unavailable"]',
            "stats count(*) as lines by event, bin(5m)",
        ),
    ),
    SavedQuery(
        "generations/failures",
        "Why do generations fail?",
        _service(
            'filter event = "request" and route = "/v1/files/generated" and status >= 400',
            "stats count(*) as requests, avg(duration_ms) as mean_ms by status, error_code",
            "sort requests desc",
        ),
    ),
    SavedQuery("audit/last", "Who was refused, and what was deleted or changed?", LAST_AUDIT),
    SavedQuery(
        "audit/failed authentications",
        "Who tries keys? By address and reason.",
        _audit(
            'filter event = "authentication_failed"',
            "stats count(*) as times, count_distinct(key_id) as keys, latest(@timestamp) as last "
            "by client_address, reason",
            "sort times desc",
            "limit 50",
        ),
    ),
    SavedQuery(
        "audit/deleted files",
        "Who has deleted what?",
        _audit(
            'filter event = "file_deleted"',
            "fields @timestamp, file_path, key_id, subject, client_address, request_id",
            "sort @timestamp desc",
            "limit 200",
        ),
    ),
    SavedQuery(
        "audit/keys",
        "Which keys were made, rotated, disabled or deleted, and by whom?",
        _audit(
            'filter event in ["key_created", "key_rotated", "key_disabled", "key_deleted"]',
            "fields @timestamp, event, client, key_id, old_key_id, actor",
            "sort @timestamp desc",
            "limit 200",
        ),
    ),
    SavedQuery("deployments/last", "When were instances replaced?", DEPLOYMENTS),
)
