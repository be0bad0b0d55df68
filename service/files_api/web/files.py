"""One file: put, get, look at, delete."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request
from flask.views import MethodView

from files_api.domain.access import Scope
from files_api.domain.content import Chunks, IncomingContent
from files_api.domain.content_types import guess_content_type
from files_api.domain.errors import FileTooLarge, InvalidHeader
from files_api.domain.files import NotModified
from files_api.domain.models import FileAttributes
from files_api.domain.paths import encode_url_path, file_name
from files_api.web import fields
from files_api.web.access import audit_delete, needs
from files_api.web.api import Blueprint
from files_api.web.bodies import FormUpload, body_reader
from files_api.web.openapi import operations
from files_api.web.openapi.problems import BEHIND_THE_GATE, problems
from files_api.web.representations import content_disposition, file_headers, validator_headers
from files_api.web.request_log import request_record
from files_api.web.schemas import DownloadQuery, NoQuery, StoredFileSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers

    from files_api.domain.content import ByteSource
    from files_api.domain.files import Files
    from files_api.domain.models import ByteSink, ByteStream, FileInfo, StoredFile
    from files_api.domain.paths import FilePath
    from files_api.web.access import FilesOfCaller
    from files_api.web.request_log import RequestRecord

# A form is larger than its file by the boundary and the head of its part: less than this, in bytes.
_FORM_OVERHEAD_BYTES = 64 * 1024


def stored_file_json(stored: StoredFile, message: str) -> dict[str, Any]:
    """What a write answers."""
    return {
        "file_path": stored.file_path,
        "message": message,
        "size_bytes": stored.size_bytes,
        "content_type": stored.content_type,
        "etag": stored.etag,
    }


def stored_file_response(stored: StoredFile, body: dict[str, Any]) -> Response:
    """Answer a write: 201 with Location for a new file, 200 for a replaced one, ETag for both."""
    response = jsonify(body)
    response.headers["ETag"] = stored.etag
    response.headers["Cache-Control"] = "no-store"
    if stored.created:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"/v1/files/{encode_url_path(stored.file_path)}"
    return response


def _upload(file_path: FilePath, files: Files) -> tuple[IncomingContent, FileAttributes]:
    """Read everything of an upload but its bytes, which stream from the IncomingContent."""
    if "Content-Range" in request.headers:
        # RFC 9110 section 14.5: a part must never be stored as if it were the whole.
        raise InvalidHeader("Content-Range is not supported: a PUT replaces the whole file.")
    metadata = fields.user_metadata()
    digests = fields.declared_digests()
    content_type = fields.plain_field("Content-Type")
    attributes: dict[str, Any] = {
        "cache_control": fields.plain_field("Cache-Control"),
        "content_encoding": fields.plain_field("Content-Encoding"),
        "content_language": fields.plain_field("Content-Language"),
        "user_metadata": metadata,
    }
    reader = body_reader()
    declared = reader.declared_bytes
    reader.enough_bytes = files.max_file_bytes
    source: ByteSource = reader
    if request.mimetype == "multipart/form-data":
        if declared is not None and declared > files.max_file_bytes + _FORM_OVERHEAD_BYTES:
            raise FileTooLarge(f"The file is larger than {files.max_file_bytes} bytes.")
        reader.enough_bytes += _FORM_OVERHEAD_BYTES
        form = FormUpload(reader, content_type or "")
        content_type = fields.plain_value("Content-Type", form.part_content_type)
        source, declared = Chunks(form), None
    content = IncomingContent(
        source, max_bytes=files.max_file_bytes, expected_digests=digests, declared_bytes=declared
    )
    return content, FileAttributes(
        content_type=content_type or guess_content_type(file_name(file_path)), **attributes
    )


class _CompleteResponse(Response):
    """An answer whose fields are all said by us: nothing is to be added, taken away or put right by Werkzeug.

    A 304 keeps its Last-Modified, which Werkzeug takes away and RFC 9110 section 15.4.5 lets stand; a Location that was
    signed is not quoted anew; an empty answer has no Content-Type, which would be Flask's default.
    """

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


class _Poured:
    """The body of a download: what begins it goes the way of WSGI, the rest straight to the client's connection.

    Args:
        body: What S3 sends.
        connection: The client's.
        record: What is told of the request.
    """

    def __init__(self, body: ByteStream, connection: ByteSink, record: RequestRecord) -> None:
        self._body = body
        self._connection = connection
        self._record = record

    def __iter__(self) -> Iterator[bytes]:
        for first in self._body:
            # With it, the server sends the head.
            yield first
            break
        self._body.pour(self)

    def sendall(self, data: memoryview) -> None:
        self._connection.sendall(data)
        self._record.bytes_out += len(data)


def _download(files: Files, file_path: FilePath, disposition: str | None) -> Response:
    found = files.read(
        file_path,
        fields.read_preconditions(),
        byte_range=fields.byte_range(),
        if_range=fields.if_range() if "Range" in request.headers else None,
        with_digest=fields.wants_sha256(),
    )
    if isinstance(found, NotModified):
        return _not_modified(found.info)
    connection = request.environ.get("gunicorn.socket")
    body: Iterable[bytes] = found.body
    if connection is not None:
        body = _Poured(found.body, connection, request_record(request.environ))
    response = _CompleteResponse(body, headers=file_headers(file_path, found.info, disposition))
    # A generator that was never started never runs its `finally`: closing is the response's business.
    response.call_on_close(found.body.close)
    if found.content_range is None:
        response.content_length = found.info.size_bytes
    else:
        part = found.content_range
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.content_length = part.last - part.first + 1
        response.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{part.size_bytes}"
    return response


def _not_modified(info: FileInfo) -> Response:
    return _CompleteResponse(status=HTTPStatus.NOT_MODIFIED, headers=validator_headers(info))


def _redirect_to_storage(
    files: Files, file_path: FilePath, disposition: str | None, expires_in_seconds: int
) -> Response:
    url = files.presign(
        file_path,
        disposition=lambda info: content_disposition(file_path, info, disposition),
        expires_in_seconds=expires_in_seconds,
    )
    response = _CompleteResponse(status=HTTPStatus.TEMPORARY_REDIRECT)
    response.headers.set("Location", url)
    response.headers["Cache-Control"] = "no-store"
    return response


def make_files_blueprint(files_of_caller: FilesOfCaller, *, presigned_url_seconds: int) -> Blueprint:
    """Make the resource `/v1/files/{file_path}`.

    Args:
        files_of_caller: The files of whoever calls.
        presigned_url_seconds: How long the URL of `?redirect=true` is good, in seconds.
    """
    blueprint = Blueprint(
        "files", __name__, url_prefix="/v1/files", description="Create, read and delete files."
    )

    @blueprint.route("/<file_path:file_path>", parameters=[operations.FILE_PATH])
    class File(MethodView):
        @needs(Scope.WRITE)
        @blueprint.doc(**operations.PUT_FILE)
        @blueprint.arguments(NoQuery, location="query")
        @blueprint.response(201, StoredFileSchema)
        @blueprint.alt_response(200, schema=StoredFileSchema, success=True)
        @problems(
            *BEHIND_THE_GATE,
            "invalid_path",
            "invalid_header",
            "invalid_metadata",
            "invalid_precondition",
            "invalid_digest",
            "digest_mismatch",
            "incomplete_body",
            "malformed_body",
            "request_timeout",
            "write_conflict",
            "precondition_failed",
            "file_too_large",
            "quota_exceeded",
            "validation_error",
            "uri_too_long",
            "storage_unavailable",
            "overloaded",
        )
        def put(self, _query: dict[str, Any], file_path: FilePath) -> Response:
            """Upload a file.

            Creates the file or replaces it, whole or not at all. Send the bytes as the body, or as the part
            `file_content` of a form.
            """
            files = files_of_caller()
            preconditions = fields.write_preconditions()
            content, attributes = _upload(file_path, files)
            stored = files.put(file_path, content, attributes, preconditions)
            what = "New file uploaded" if stored.created else "Existing file updated"
            return stored_file_response(stored, stored_file_json(stored, f"{what} at path: {file_path}"))

        @needs(Scope.READ)
        @blueprint.doc(**operations.GET_FILE)
        @blueprint.arguments(DownloadQuery, location="query")
        @problems(
            *BEHIND_THE_GATE,
            "invalid_path",
            "file_not_found",
            "precondition_failed",
            "range_not_satisfiable",
            "validation_error",
            "uri_too_long",
            "storage_unavailable",
            "overloaded",
        )
        def get(self, query: dict[str, Any], file_path: FilePath) -> Response:
            """Download a file.

            Ranges, conditional requests and HEAD work as RFC 9110 says.
            """
            files = files_of_caller()
            if query["redirect"]:
                return _redirect_to_storage(files, file_path, query["disposition"], presigned_url_seconds)
            return _download(files, file_path, query["disposition"])

        @needs(Scope.READ)
        @blueprint.doc(**operations.HEAD_FILE)
        @blueprint.arguments(DownloadQuery, location="query")
        @problems(
            *BEHIND_THE_GATE,
            "invalid_path",
            "file_not_found",
            "precondition_failed",
            "validation_error",
            "uri_too_long",
            "storage_unavailable",
            "overloaded",
            has_body=False,
            tells_x_error=True,
        )
        def head(self, query: dict[str, Any], file_path: FilePath) -> Response:
            """Tell everything about a file but its bytes."""
            found = files_of_caller().inspect(
                file_path, fields.read_preconditions(), with_digest=fields.wants_sha256()
            )
            if isinstance(found, NotModified):
                return _not_modified(found.info)
            response = _CompleteResponse(headers=file_headers(file_path, found, query["disposition"]))
            response.content_length = found.size_bytes
            return response

        @needs(Scope.DELETE)
        @blueprint.doc(**operations.DELETE_FILE)
        @blueprint.arguments(NoQuery, location="query")
        @problems(
            *BEHIND_THE_GATE,
            "invalid_path",
            "invalid_precondition",
            "file_not_found",
            "write_conflict",
            "precondition_failed",
            "validation_error",
            "uri_too_long",
            "storage_unavailable",
            "overloaded",
            tells_x_error=True,
        )
        def delete(self, _query: dict[str, Any], file_path: FilePath) -> Response:
            """Delete a file."""
            files_of_caller().delete(file_path, fields.write_preconditions())
            audit_delete(file_path)
            return _CompleteResponse(status=HTTPStatus.NO_CONTENT)

    return blueprint
