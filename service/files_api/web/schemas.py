"""What goes over the wire as JSON or in a query."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from files_api.domain.errors import InvalidFilePath
from files_api.domain.paths import Directory, FilePath, check_directory, check_file_path
from files_api.domain.rooted_store import most_path_bytes
from files_api.web.access import current_caller
from files_api.web.openapi.parts import DIRECTORY_PATTERN

_DIGITS = re.compile(r"[0-9]{1,18}")


class FilePathField(fields.String):
    """A file path in JSON, checked as everywhere."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> FilePath:
        try:
            text = super()._deserialize(value, attr, data, **kwargs)
            return check_file_path(text, most_bytes=most_path_bytes(current_caller().root))
        except InvalidFilePath as error:
            raise ValidationError(str(error)) from error


class DirectoryField(fields.String):
    """A directory; one final slash changes nothing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Directory:
        try:
            text = super()._deserialize(value, attr, data, **kwargs)
            return check_directory(text, most_bytes=most_path_bytes(current_caller().root))
        except InvalidFilePath as error:
            raise ValidationError(str(error)) from error


class QueryInteger(fields.Integer):
    """A whole number in a query: digits and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not _DIGITS.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class JsonBoolean(fields.Boolean):
    """A `true` or `false` in JSON: not 1, which Python takes for the same, and none of marshmallow's words."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def query_boolean(description: str, **options: Any) -> fields.Boolean:
    """A `true` or `false` in a query."""
    return fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        error_messages={"invalid": "must be true or false"},
        metadata={"description": description},
        **options,
    )


class QuerySchema(Schema):
    """Base of queries: what is not known is refused, so that a misspelt option is noticed."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class AnswerSchema(Schema):
    """Base of answers; a later version may add fields, which clients should ignore."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


class DownloadQuery(QuerySchema):
    """The query of GET and HEAD on a file."""

    disposition = fields.String(
        load_default=None,
        validate=validate.OneOf(["inline", "attachment"], error="must be one of: {choices}"),
        metadata={
            "description": "`attachment` makes a browser save the file. `inline` is the default for raster images, "
            "sound, video and plain text, and changes nothing for other types."
        },
    )
    redirect = query_boolean(
        "Answer 307 to a presigned URL from which S3 serves the file itself.", load_default=False
    )


class NoQuery(QuerySchema):
    """No query at all."""


class ListQuery(QuerySchema):
    """The query of a listing."""

    directory = DirectoryField(
        load_default=None,
        metadata={
            "description": "List what is under this directory: `a/b` means `a/b/…`, not `a/bc`. All files when empty.",
            "maxLength": 1025,
            "pattern": DIRECTORY_PATTERN,
            "examples": ["reports/2026"],
        },
    )
    recursive = query_boolean(
        "`false` lists one level, with `directories`. `true` by default.", load_default=None
    )
    page_size = QueryInteger(
        load_default=100,
        error_messages={"invalid": "must be a whole number"},
        validate=validate.Range(1, 1000, error="must be {min} to {max}"),
        metadata={"description": "How many files and directories a page has at most."},
    )
    page_token = fields.String(
        load_default=None,
        metadata={
            "description": "`next_page_token` of the page before. Mutually exclusive with `directory`.",
            "examples": ["O8Ofb6oYhyWgNpXVWyJyZXBvcnRzLzIwMjYiLHRydWUsIjF1ZUdjeExQUngxVHIiXQ"],
        },
    )


class ListedFileSchema(AnswerSchema):
    """One file of a listing."""

    file_path = fields.String(required=True, metadata={"example": "reports/2026/q3.pdf"})
    size_bytes = fields.Integer(required=True, metadata={"example": 48213, "minimum": 0})
    last_modified = fields.String(
        required=True, metadata={"format": "date-time", "example": "2026-11-23T19:07:26Z"}
    )
    etag = fields.String(required=True, metadata={"example": '"9a0364b9e99bb480dd25e1f0284c8555"'})


class ListingSchema(AnswerSchema):
    """One page of a listing."""

    files = fields.List(fields.Nested(ListedFileSchema), required=True)
    directories = fields.List(
        fields.String(metadata={"example": "reports/2026/"}),
        required=True,
        metadata={"description": "Full paths with a final slash; empty when `recursive`."},
    )
    next_page_token = fields.String(
        required=True, allow_none=True, metadata={"description": "null on the last page.", "example": None}
    )


class StoredFileSchema(AnswerSchema):
    """What a write did."""

    file_path = fields.String(required=True, metadata={"example": "reports/2026/q3.pdf"})
    message = fields.String(
        required=True, metadata={"example": "New file uploaded at path: reports/2026/q3.pdf"}
    )
    size_bytes = fields.Integer(required=True, metadata={"example": 48213, "minimum": 0})
    content_type = fields.String(required=True, metadata={"example": "application/pdf"})
    etag = fields.String(required=True, metadata={"example": '"9a0364b9e99bb480dd25e1f0284c8555"'})


class UsageSchema(AnswerSchema):
    """What a generation cost, as OpenAI counts; null where it does not tell."""

    input_tokens = fields.Integer(required=True, allow_none=True, metadata={"example": 12})
    output_tokens = fields.Integer(required=True, allow_none=True, metadata={"example": 230})
    total_tokens = fields.Integer(required=True, allow_none=True, metadata={"example": 242})


class GeneratedFileSchema(StoredFileSchema):
    """What a generation made."""

    message = fields.String(
        required=True, metadata={"example": "New Text file generated and uploaded at path: poems/autumn.txt"}
    )
    model = fields.String(
        required=True, metadata={"description": "The model that made it.", "example": "gpt-6.1-terra"}
    )
    usage = fields.Nested(UsageSchema, required=True)


class GenerationSchema(Schema):
    """The body of a generation."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE

    file_path = FilePathField(
        required=True,
        metadata={
            "description": "Where the file goes. The extension says what it is: Text `.txt .md .json .html .csv`; "
            "Image `.png .jpg .jpeg .webp`; Text-to-Speech `.mp3 .opus .aac .flac .wav .pcm`.",
            "example": "poems/autumn.txt",
        },
    )
    prompt = fields.String(
        required=True,
        metadata={
            "description": "What to make; for speech, what to say. Up to 32,000 characters (speech: 4,096).",
            "example": "A haiku about autumn.",
        },
    )
    file_type = fields.String(
        required=True,
        metadata={
            "description": "`Text`, `Image` or `Text-to-Speech`; upper and lower case do not matter.",
            "example": "Text",
        },
    )
    overwrite = JsonBoolean(
        load_default=False,
        metadata={"description": "Replace a file that is there already."},
    )
    options = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={
            "description": "By kind. All: `model`. Text: `max_output_tokens`. Image: `size`, `quality`, "
            "`background`. Speech: `voice`, `speed`, `instructions`.",
            "example": {},
        },
    )


class FieldProblemSchema(AnswerSchema):
    """One thing that is wrong with a request."""

    location = fields.String(required=True, metadata={"description": "`json`, `query`, `form` or `header`."})
    field = fields.String(required=True)
    message = fields.String(required=True)


class ProblemSchema(AnswerSchema):
    """Every error (RFC 9457)."""

    type = fields.String(required=True, metadata={"example": "about:blank"})
    title = fields.String(required=True, metadata={"example": "Not Found"})
    status = fields.Integer(required=True, metadata={"example": 404})
    detail = fields.String(required=True, metadata={"example": "File not found: reports/2026/q3.pdf"})
    instance = fields.String(required=True, metadata={"example": "/v1/files/reports/2026/q3.pdf"})
    code = fields.String(
        required=True, metadata={"description": "The stable name of the error.", "example": "file_not_found"}
    )
    request_id = fields.String(required=True, metadata={"example": "6f1c0c4e9d5b4d0a9c3e2f1a0b9c8d7e"})
    errors = fields.List(
        fields.Nested(FieldProblemSchema),
        metadata={"description": "For 422: what is wrong with which field."},
    )


class HealthSchema(AnswerSchema):
    """One word."""

    status = fields.String(required=True, metadata={"example": "ok"})


class CheckSchema(AnswerSchema):
    """One dependency."""

    status = fields.String(required=True, metadata={"enum": ["ok", "failed"], "example": "ok"})
    duration_ms = fields.Float(required=True, metadata={"example": 12.5})


class DeepHealthSchema(AnswerSchema):
    """All dependencies that are configured."""

    status = fields.String(required=True, metadata={"enum": ["ok", "failed"], "example": "ok"})
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(CheckSchema),
        required=True,
        metadata={"example": {"s3": {"status": "ok", "duration_ms": 12.5}}},
    )


class VersionSchema(AnswerSchema):
    """What is running."""

    version = fields.String(required=True, metadata={"example": "1.0.0"})
    commit = fields.String(required=True, metadata={"example": "127ff3b"})
