"""Is it alive, is it ready, is all of it well, and which version is it?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify

from files_api.web.access import Openness, needs
from files_api.web.api import Blueprint
from files_api.web.openapi import operations
from files_api.web.openapi.problems import problems
from files_api.web.problems import problem
from files_api.web.schemas import DeepHealthSchema, HealthSchema, VersionSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from files_api.server.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one dependency is, and how long it took to find out, in milliseconds."""

    healthy: bool
    duration_ms: float


def _run(check: Callable[[], bool]) -> CheckResult:
    started = time.monotonic()
    healthy = check()
    return CheckResult(healthy, round((time.monotonic() - started) * 1000, 2))


def make_health_blueprint(
    lifecycle: Lifecycle, checks: Mapping[str, Callable[[], bool]], *, version: str, commit: str
) -> Blueprint:
    """Make `/health/*` and `/version`.

    Args:
        lifecycle: Whether this process wants new requests.
        checks: By name, what `/health/deep` asks; each tells whether its dependency is well and never raises.
        version: The version of the package.
        commit: The commit it was built from.
    """
    blueprint = Blueprint("health", __name__, description="For load balancers, alarms and people.")

    def answer(body: dict[str, Any], status: int = HTTPStatus.OK) -> Response:
        response = jsonify(body)
        response.status_code = status
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.route("/health/live", methods=["GET"])
    @needs(Openness.PUBLIC)
    @blueprint.doc(**operations.GET_LIVENESS)
    @blueprint.response(200, HealthSchema)
    @problems()
    def live() -> Response:
        """Tell that the process answers."""
        return answer({"status": "ok"})

    @blueprint.route("/health/ready", methods=["GET"])
    @needs(Openness.PUBLIC)
    @blueprint.doc(**operations.GET_READINESS)
    @blueprint.response(200, HealthSchema)
    @problems("draining")
    def ready() -> Response:
        """Tell whether the load balancer may send requests.

        Configured, and not about to stop; S3 and OpenAI are not asked.
        """
        if not lifecycle.is_ready:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "draining", "This instance is about to stop.")
        return answer({"status": "ok"})

    @blueprint.route("/health/deep", methods=["GET"])
    @needs(Openness.PUBLIC)
    @blueprint.doc(**operations.GET_DEEP_HEALTH)
    @blueprint.response(200, DeepHealthSchema)
    @blueprint.alt_response(503, schema=DeepHealthSchema)
    @problems()
    def deep() -> Response:
        """Ask everything that the service depends on.

        For alarms, not for the load balancer: an instance does not get better by being replaced.
        """
        results = {name: _run(check) for name, check in checks.items()}
        healthy = all(result.healthy for result in results.values())
        return answer(
            {
                "status": "ok" if healthy else "failed",
                "checks": {
                    name: {"status": "ok" if result.healthy else "failed", "duration_ms": result.duration_ms}
                    for name, result in results.items()
                },
            },
            HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    @blueprint.route("/version", methods=["GET"])
    @needs(Openness.PUBLIC)
    @blueprint.doc(**operations.GET_VERSION)
    @blueprint.response(200, VersionSchema)
    @problems()
    def show_version() -> Response:
        """Tell what is running."""
        return answer({"version": version, "commit": commit})

    return blueprint
