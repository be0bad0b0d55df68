"""The documentation page and the OpenAPI document. Everything the page needs comes from this service."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from files_api.web.openapi.document import make_document

if TYPE_CHECKING:
    from files_api.web.api import Api

# The page runs only its own scripts, and talks only to this service.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
# The names of the assets carry no version: they are kept for an hour, and asked for again by their ETag.
_ASSET_SECONDS = 3600
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Files API</title>
<link rel="icon" type="image/png" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the document behind it is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Swagger UI percent-encodes the slashes of a path, as OpenAPI demands of a path parameter. Ours has slashes, and the
# service refuses encoded ones. Segments that a browser would resolve, `.` and `..`, do not get here: the page holds
# what is typed to the pattern of `file_path`.
_START = """'use strict';

function withSlashes(address) {
  const [path, ...query] = new URL(address, window.location.href).href.split(/(?=[?#])/);
  return path.includes('/v1/files/') ? [path.replace(/%2F/gi, '/'), ...query].join('') : address;
}

window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  requestInterceptor: (request) => {
    request.url = withSlashes(request.url);
    // The browser knows what a chosen file is; the document can only say that it is bytes.
    if (request.body instanceof File && request.body.type) {
      request.headers['Content-Type'] = request.body.type;
    }
    return request;
  },
});
"""
_STYLE = """body { margin: 0; background: #fff; }
.swagger-ui .info { margin: 32px 0 24px; }
.swagger-ui .info .title { font-size: 32px; }
.swagger-ui .info details { margin: 8px 0; }
.swagger-ui .info summary { cursor: pointer; font-family: sans-serif; font-size: 14px; font-weight: 600; }
.swagger-ui .info table td, .swagger-ui .info table th { padding: 3px 12px 3px 0; text-align: left; }
.swagger-ui .scheme-container { display: none; }
noscript { display: block; margin: 32px; font-family: sans-serif; }
"""


def _cached(text: str, content_type: str, max_age_seconds: int) -> Response:
    """Answer a text that is the same until the next release, and 304 to who has it already."""
    response = Response(text, content_type=content_type)
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = (
        f"public, max-age={max_age_seconds}" if max_age_seconds else "no-cache"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request.environ)
    return response


def make_docs_blueprint(api: Api) -> Blueprint:
    """Make `/`, its assets and `/openapi.json`."""
    blueprint = Blueprint("docs", __name__)
    assets = str(resources("flask_swagger_ui") / "dist")

    @cache
    def document() -> str:
        return json.dumps(make_document(api.spec), ensure_ascii=False)

    @blueprint.get("/")
    def page() -> Response:
        response = _cached(_PAGE, "text/html; charset=utf-8", 0)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        return response

    @blueprint.get("/openapi.json")
    def openapi_json() -> Response:
        return _cached(document(), "application/json", 0)

    @blueprint.get("/docs/start.js")
    def start() -> Response:
        return _cached(_START, "text/javascript; charset=utf-8", 0)

    @blueprint.get("/docs/page.css")
    def style() -> Response:
        return _cached(_STYLE, "text/css; charset=utf-8", 0)

    @blueprint.get("/docs/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise NotFound
        response = send_from_directory(assets, name, max_age=_ASSET_SECONDS)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return blueprint
