"""The documentation page and the OpenAPI document. Everything the page needs comes from this service."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from files_api.web.api import Api

# The page runs only its own scripts, and talks only to this service.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Files API</title>
<link rel="icon" type="image/png" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Swagger UI percent-encodes the slashes of a path, as OpenAPI demands of a path parameter. Ours has slashes.
_START = """window.ui = SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  requestInterceptor: (request) => {
    const url = new URL(request.url, window.location.href);
    if (url.pathname.startsWith('/v1/files/')) {
      url.pathname = url.pathname.replaceAll('%2F', '/');
      request.url = url.toString();
    }
    return request;
  },
});
"""


def make_docs_blueprint(api: Api) -> Blueprint:
    """Make `/`, its assets and `/openapi.json`."""
    blueprint = Blueprint("docs", __name__)
    assets = str(resources("flask_swagger_ui") / "dist")

    @cache
    def document() -> str:
        return json.dumps(api.spec.to_dict(), ensure_ascii=False)

    @blueprint.get("/")
    def page() -> Response:
        response = Response(_PAGE, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @blueprint.get("/openapi.json")
    def openapi_json() -> Response:
        return Response(document(), content_type="application/json")

    @blueprint.get("/docs/start.js")
    def start() -> Response:
        return Response(_START, content_type="text/javascript; charset=utf-8")

    @blueprint.get("/docs/assets/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise NotFound
        return send_from_directory(assets, name, max_age=3600)

    return blueprint
