"""The project's own Api, Blueprint and argument parser over flask-smorest: strict where it is lenient."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import unquote_to_bytes

import flask_smorest
from flask import request
from flask.globals import request_ctx
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter

from files_api.domain.errors import FilesApiError, InvalidFilePath, MalformedBody, ValidationFailed
from files_api.domain.paths import MAX_PATH_BYTES, FilePath, decode_url_path
from files_api.domain.rooted_store import most_path_bytes
from files_api.web import problems
from files_api.web.access import current_caller
from files_api.web.bodies import read_json_bytes
from files_api.web.retirement import announce
from files_api.web.schemas import ProblemSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask, Request
    from marshmallow import Schema, ValidationError

_View = TypeVar("_View", bound="Callable[..., Any] | type")
_INCOMPLETE_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class StrictParser(FlaskParser):
    """Reads arguments, and tells of everything that it does not understand."""

    #: None leaves it to the schema, which refuses what it does not know; webargs' own default would drop it silently.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"query": None, "json": None}  # noqa: RUF012  # as webargs has it

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._empty_queries: dict[Any, dict[str, Any]] = {}

    def parse(self, argmap: Any, req: Request | None = None, **options: Any) -> Any:
        """Read arguments; an empty query always means the same, and is by far the most frequent one."""
        if options.get("location") != "query" or request.environ.get("QUERY_STRING"):
            return super().parse(argmap, req, **options)
        if argmap not in self._empty_queries:
            self._empty_queries[argmap] = super().parse(argmap, req, **options)
        return dict(self._empty_queries[argmap])

    def load_querystring(self, req: Request, schema: Schema) -> Mapping[str, str]:
        """Decode the query; other than Werkzeug, refuse what is not UTF-8, escaped wrongly or given twice."""
        fields: dict[str, str] = {}
        wrong = []
        for pair in filter(None, req.environ.get("QUERY_STRING", "").split("&")):
            raw_name, _, raw_value = pair.partition("=")
            name = unquote_to_bytes(raw_name.replace("+", " ")).decode(errors="replace")
            value = raw_value.replace("+", " ")
            if _INCOMPLETE_ESCAPE.search(value):
                wrong.append((name, "has an incomplete percent escape"))
            elif name in fields:
                wrong.append((name, "is given twice"))
            else:
                try:
                    fields[name] = unquote_to_bytes(value).decode()
                except UnicodeDecodeError:
                    wrong.append((name, "is not UTF-8"))
        if wrong:
            raise ValidationFailed(wrong, location="query")
        return fields

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read a JSON body.

        Raises:
            MalformedBody: It is empty, or not JSON in UTF-8.
        """
        body = read_json_bytes()
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise MalformedBody("The body is not JSON in UTF-8." if body else "The body is empty.") from error

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Turn what marshmallow found into the domain's error."""
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        ((location, fields),) = messages.items()
        raise ValidationFailed(_flat(fields), location=location) from error


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _flat(messages: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Name nested fields with dots."""
    if isinstance(messages, dict):
        return [
            pair
            for name, inner in messages.items()
            for pair in _flat(
                inner, prefix if name == "_schema" else f"{prefix}.{name}" if prefix else str(name)
            )
        ]
    return [(prefix, str(message)) for message in (messages if isinstance(messages, list) else [messages])]


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """A resource; its views read arguments strictly. The methods are flask-smorest's, with types."""

    ARGUMENTS_PARSER = StrictParser()

    def route(self, rule: str, **options: Any) -> Callable[[_View], _View]:
        """Register a view."""
        decorator: Callable[[_View], _View] = super().route(rule, **options)
        return decorator

    def arguments(self, schema: type[Schema], **options: Any) -> Callable[[_View], _View]:
        """Read arguments into the view's next parameter."""
        decorator: Callable[[_View], _View] = super().arguments(schema, **options)
        return decorator

    def response(
        self, status_code: int, schema: type[Schema] | None = None, **options: Any
    ) -> Callable[[_View], _View]:
        """Document the answer of success."""
        decorator: Callable[[_View], _View] = super().response(status_code, schema, **options)
        return decorator

    def alt_response(self, status_code: int, **options: Any) -> Callable[[_View], _View]:
        """Document another answer."""
        decorator: Callable[[_View], _View] = super().alt_response(status_code, **options)
        return decorator

    @staticmethod
    def doc(**document: Any) -> Callable[[_View], _View]:
        """Document anything else."""
        decorator: Callable[[_View], _View] = flask_smorest.Blueprint.doc(**document)
        return decorator


class FilePathConverter(BaseConverter):
    """Lets anything through to the view, slashes and all; `file_path_of` reads and checks what was really sent."""

    # Also a line feed, which `.` would not match.
    regex = r"[\s\S]*"
    part_isolating = False


def file_path_of(raw_uri: str, *, most_bytes: int = MAX_PATH_BYTES) -> FilePath:
    """Read the file path from the raw request target.

    What WSGI calls PATH_INFO is decoded already, and in a way that lets different targets collide: `%2F` and `/`,
    or all bytes that are not UTF-8.

    Args:
        raw_uri: The request target.
        most_bytes: How long the path may be, in bytes of UTF-8.

    Raises:
        InvalidFilePath: It is not legal.
    """
    path = raw_uri.partition("?")[0]
    if not path.startswith("/"):
        # The absolute form (RFC 9112 section 3.2.2), as a proxy sends it.
        path = "/" + path.partition("://")[2].partition("/")[2]
    segments = path.split("/", 3)
    if [unquote_to_bytes(segment) for segment in segments[:3]] != [b"", b"v1", b"files"]:
        raise InvalidFilePath("The beginning of the path has to be spelled /v1/files/, slashes included.")
    return decode_url_path(segments[3], most_bytes=most_bytes)


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest ships no types
    """All errors as problem+json, and paths read from the raw request target."""

    ERROR_SCHEMA = ProblemSchema

    def init_app(self, app: Flask, **options: Any) -> None:
        """Bind to the application."""
        app.url_map.converters["file_path"] = FilePathConverter
        # Neither may answer with a redirect: `a//b` is a wrong name, not another spelling of `a/b`.
        app.url_map.merge_slashes = False
        app.url_map.strict_slashes = True
        app.url_map.redirect_defaults = False
        app.before_request(_check_method)
        announce(app)
        super().init_app(app, **options)
        self.register_converter(
            FilePathConverter, lambda _: {"type": "string", "minLength": 1, "maxLength": 1024}
        )

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(FilesApiError, problems.on_domain_error)
        self._app.register_error_handler(HTTPException, problems.on_http_exception)
        self._app.register_error_handler(Exception, problems.on_unexpected_error)


def _check_method() -> None:
    """Methods are case-sensitive (RFC 9110 section 9.1); Werkzeug takes `get` for GET."""
    if request.environ["REQUEST_METHOD"] != request.method and request_ctx.url_adapter is not None:
        raise MethodNotAllowed(valid_methods=list(request_ctx.url_adapter.allowed_methods()))


def check_file_path() -> None:
    """Read the path of the file out of the raw request target, before a view runs and after the caller is known.

    Raises:
        InvalidFilePath: It is not legal, or too long below the caller's root.
    """
    values = request.view_args
    # OPTIONS is answered without a caller, and does nothing with the path.
    if values and "file_path" in values and request.method != "OPTIONS":
        most_bytes = most_path_bytes(current_caller().root)
        values["file_path"] = file_path_of(request.environ["RAW_URI"], most_bytes=most_bytes)
