"""Puts the service together: the only place that knows the web, the domain and the adapters."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from flask_cors import CORS
from flask_smorest.spec.plugins import FlaskPlugin

from files_api.adapters.s3.budget import begin_request
from files_api.dependencies import make_dependencies
from files_api.domain.errors import FilesApiError
from files_api.domain.files import Files
from files_api.domain.generation import Generation, GenerationRules
from files_api.domain.quotas import Quota
from files_api.domain.rooted_store import RootedStore
from files_api.server.lifecycle import LIFECYCLE, Lifecycle
from files_api.web.access import Gate, current_caller
from files_api.web.api import Api, check_file_path
from files_api.web.bodies import settle_unread_body
from files_api.web.client_address import ClientAddresses
from files_api.web.docs import make_docs_blueprint
from files_api.web.files import make_files_blueprint
from files_api.web.generations import make_generations_blueprint
from files_api.web.health import make_health_blueprint
from files_api.web.limits import Limits
from files_api.web.listing import make_listing_blueprint
from files_api.web.openapi.document import SPEC_OPTIONS
from files_api.web.openapi.problems import register_problems
from files_api.web.request_log import RequestLog, request_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.dependencies import Dependencies
    from files_api.settings import Settings

log = logging.getLogger(__name__)

#: What browsers may read beside the simple response fields.
_EXPOSED_HEADERS = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Repr-Digest",
    "Retry-After",
    "Sunset",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
    "X-Error",
    "X-Request-Id",
]
_API_VERSION = "1.0.0"
# How long one dependency may take to be called well, in seconds.
_CHECK_SECONDS = 5.0


class _Application(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine here; Flask would look, a dozen times a request."""
        return func


def create_app(settings: Settings, dependencies: Dependencies | None = None) -> Flask:
    """Make the WSGI application.

    Args:
        settings: What the operator wants.
        dependencies: What it stands on; the real ones when None.
    """
    parts = dependencies or make_dependencies(settings)
    app = _Application("files_api", static_folder=None)
    app.config.update(
        API_TITLE="Files API",
        API_VERSION=_API_VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS=SPEC_OPTIONS,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.extensions[LIFECYCLE] = lifecycle = Lifecycle(settings.drain_file)

    api = Api(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    register_problems(api.spec)

    def files_of_caller() -> Files:
        caller = current_caller()
        return Files(
            RootedStore(parts.store, caller.root) if caller.root else parts.store,
            max_file_bytes=settings.max_file_bytes,
            quota=Quota(parts.usage, caller),
        )

    rules = GenerationRules(
        settings.text_models, settings.image_models, settings.speech_models, settings.speech_voices
    )
    generation = Generation(parts.generator, concurrency=settings.generation_concurrency)
    api.register_blueprint(make_listing_blueprint(files_of_caller, bucket=settings.bucket))
    api.register_blueprint(
        make_files_blueprint(files_of_caller, presigned_url_seconds=settings.presigned_url_seconds)
    )
    api.register_blueprint(make_generations_blueprint(files_of_caller, generation, rules, parts.idempotency))
    checks = {name: _healthy(name, check) for name, check in parts.checks.items()}
    api.register_blueprint(
        make_health_blueprint(lifecycle, checks, version=version("files-api"), commit=settings.commit)
    )
    app.register_blueprint(make_docs_blueprint(api, is_open=parts.credentials is None))

    route_of = cache(FlaskPlugin.flaskpath2openapi)

    def begin() -> None:
        begin_request(settings.request_deadline_seconds)
        rule = request.url_rule
        request_record(request.environ).route = route_of(rule.rule) if rule is not None else None

    app.before_request(begin)
    gate = Gate(
        parts.credentials,
        open_plan=settings.plans[settings.open_plan],
        addresses=ClientAddresses(settings.trusted_proxies),
        closes_docs=settings.docs == "closed",
    )
    gate.watch(app)
    Limits(parts.counter).watch(app)
    app.before_request(gate.check_scope)
    app.before_request(check_file_path)
    app.after_request(settle_unread_body)
    if settings.cors_origins:
        CORS(app, origins=list(settings.cors_origins), expose_headers=_EXPOSED_HEADERS, max_age=3600)
    app.wsgi_app = RequestLog(app.wsgi_app)  # type: ignore[method-assign]  # how Flask wants middleware
    return app


def _healthy(name: str, check: Callable[[], Any]) -> Callable[[], bool]:
    def run() -> bool:
        begin_request(_CHECK_SECONDS)
        try:
            check()
        except FilesApiError:
            log.warning(
                "dependency is not well", exc_info=True, extra={"event": "health_check_failed", "check": name}
            )
            return False
        return True

    return run
