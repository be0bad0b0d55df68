"""The documentation page and the OpenAPI document. Everything the page needs comes from this service."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from files_api.web.access import Openness, needs
from files_api.web.openapi.document import make_document

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from files_api.web.api import Api

# The page runs only its own scripts, and talks only to this service.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SWAGGER_UI = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
# The names of the assets carry no version: they are kept for an hour, and asked for again by their ETag.
_ASSET_SECONDS = 3600


def make_docs_blueprint(api: Api, *, is_open: bool) -> Blueprint:
    """Make `/`, its assets and `/openapi.json`.

    Args:
        api: What is documented.
        is_open: Whether the service asks nobody for a credential.
    """
    blueprint = Blueprint("docs", __name__)
    page_files = resources(__package__) / "page"
    swagger_ui_files = resources("flask_swagger_ui") / "dist"

    @cache
    def document() -> str:
        return json.dumps(make_document(api.spec, is_open=is_open), ensure_ascii=False)

    def send(folder: Traversable, name: str, *, max_age_seconds: int = 0) -> Response:
        response = send_from_directory(str(folder), name, max_age=max_age_seconds or None)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @blueprint.get("/")
    @needs(Openness.DOCUMENTATION)
    def page() -> Response:
        response = send(page_files, "index.html")
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        return response

    @blueprint.get("/openapi.json")
    @needs(Openness.DOCUMENTATION)
    def openapi_json() -> Response:
        response = Response(document(), content_type="application/json")
        response.set_etag(hashlib.sha256(document().encode()).hexdigest()[:32])
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.make_conditional(request.environ)
        return response

    @blueprint.get("/docs/start.js")
    @needs(Openness.DOCUMENTATION)
    def start() -> Response:
        return send(page_files, "start.js")

    @blueprint.get("/docs/page.css")
    @needs(Openness.DOCUMENTATION)
    def style() -> Response:
        return send(page_files, "page.css")

    @blueprint.get("/docs/assets/<name>")
    @needs(Openness.DOCUMENTATION)
    def asset(name: str) -> Response:
        if name not in _SWAGGER_UI:
            raise NotFound
        return send(swagger_ui_files, name, max_age_seconds=_ASSET_SECONDS)

    return blueprint
