"""The dashboard of the service, put together in the order in which one reads it at night."""

from __future__ import annotations

from files_api.devtools.dashboards.dependencies import OPENAI, S3
from files_api.devtools.dashboards.events import DEPLOYMENT_MARKS, LIMITS, LOGS
from files_api.devtools.dashboards.health import HEALTH, INSTANCES, REQUESTS
from files_api.devtools.dashboards.model import Dashboard

DASHBOARD = Dashboard(
    title="Files API",
    description="Is something wrong, since when, and where? From top to bottom: health, requests, instances, S3, "
    "OpenAI, limits, logs and traces, deployments. Made by files_api.devtools.dashboards.",
    rows=(HEALTH, REQUESTS, INSTANCES, S3, OPENAI, LIMITS, LOGS, DEPLOYMENT_MARKS),
)
