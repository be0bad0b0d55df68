"""HTTP methods as telemetry tells them: a client may send any word for one, and telemetry must not grow with it.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/ (http.request.method)
"""

from __future__ import annotations

_KNOWN = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"})
#: What stands for every other one.
OTHER_METHOD = "_OTHER"


def known_method(method: str) -> str | None:
    """The method as it is; None where it is not one that this service knows."""
    return method if method in _KNOWN else None
