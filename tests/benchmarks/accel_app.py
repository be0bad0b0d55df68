"""The other way that was weighed: the service decides and signs, nginx moves the bytes (`X-Accel-Redirect`).

No mode of the product, and less than its contract: what only S3 knows of a file (its type, and so whether it may be
shown inline) is not looked at, which makes this way look better than it could be. `accel.py` measures it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from files_api.adapters.s3.client import make_s3_access
from files_api.app import create_app
from files_api.dependencies import make_dependencies, make_store
from files_api.domain.models import FileAttributes, FileInfo, OpenedFile
from files_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from files_api.domain.models import ByteSink
    from files_api.domain.ports import ObjectStore

_TARGET = "files_api.accel_target"
_UNKNOWN = FileInfo(
    0, '"unknown"', datetime(2026, 1, 1, tzinfo=UTC), FileAttributes("application/octet-stream")
)


class _NoBytes:
    """The body, which nginx fetches."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def pour(self, sink: ByteSink) -> None:
        pass

    def close(self) -> None:
        pass


class _Redirecting:
    """An ObjectStore that opens nothing, and leaves a signed URL instead."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:  # everything but reading is the store's own
        return getattr(self._store, name)

    def open(self, key: str, **_: Any) -> OpenedFile:
        from flask import request  # noqa: PLC0415

        url = urlsplit(
            self._store.presign_get(
                key,
                content_type="application/octet-stream",
                content_disposition="attachment",
                expires_in_seconds=60,
            )
        )
        request.environ[_TARGET] = f"{url.path}?{url.query}"
        return OpenedFile(_UNKNOWN, _NoBytes())


class _Accel:
    """Turns the answer to a read into an order to nginx."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if _TARGET in environ:
                headers = [*headers, ("X-Accel-Redirect", "/from-s3"), ("X-S3-Target", environ[_TARGET])]
            return start_response(status, headers, exc_info)

        return self._application(environ, start)


def make_app() -> WSGIApplication:
    settings = Settings.from_env()
    store = _Redirecting(make_store(make_s3_access(settings), settings))
    app = create_app(settings, replace(make_dependencies(settings), store=store))
    app.wsgi_app = _Accel(app.wsgi_app)  # type: ignore[method-assign]  # how Flask wants middleware
    return app
