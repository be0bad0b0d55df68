"""The list of files."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify

from files_api.domain.access import Scope
from files_api.domain.errors import ValidationFailed
from files_api.domain.paths import check_directory
from files_api.web.access import current_caller, needs
from files_api.web.api import Blueprint
from files_api.web.openapi import operations
from files_api.web.openapi.problems import BEHIND_THE_GATE, problems
from files_api.web.page_tokens import Page, read_page_token, write_page_token
from files_api.web.schemas import ListingSchema, ListQuery

if TYPE_CHECKING:
    from datetime import datetime

    from files_api.web.access import FilesOfCaller


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def make_listing_blueprint(files_of_caller: FilesOfCaller, *, bucket: str) -> Blueprint:
    """Make the resource `/v1/files`.

    Args:
        files_of_caller: The files of whoever calls.
        bucket: The bucket's name, to which page tokens are bound.
    """
    blueprint = Blueprint("listing", __name__, url_prefix="/v1/files", description="Find files.")

    def realm() -> str:
        # A token of another root would go on in a list that its bearer never saw.
        return f"{bucket}/{current_caller().root}"

    def start_of(query: dict[str, Any]) -> tuple[str, bool, str | None]:
        token, directory, recursive = query["page_token"], query["directory"], query["recursive"]
        if token is None:
            return directory or "", recursive is not False, None
        if directory is not None:
            raise ValidationFailed(
                [
                    (
                        "directory",
                        "directory and page_token are mutually exclusive: the token carries the directory",
                    )
                ],
                location="query",
            )
        page = read_page_token(token, realm())
        if recursive is not None and recursive is not page.recursive:
            raise ValidationFailed(
                [("recursive", "is not what the page token was made with")], location="query"
            )
        return page.directory, page.recursive, page.continuation

    @blueprint.route("", methods=["GET"])
    @needs(Scope.READ)
    @blueprint.doc(**operations.LIST_FILES)
    @blueprint.arguments(ListQuery, location="query")
    @blueprint.response(200, ListingSchema)
    @problems(*BEHIND_THE_GATE, "validation_error", "uri_too_long", "storage_unavailable", "overloaded")
    def list_files(query: dict[str, Any]) -> Response:
        """List files.

        In the order of UTF-8 bytes, a page at a time; follow `next_page_token` to the end.
        """
        directory, recursive, continuation = start_of(query)
        listing = files_of_caller().list(
            check_directory(directory),
            recursive=recursive,
            page_size=query["page_size"],
            continuation=continuation,
        )
        token = None
        if listing.continuation is not None:
            token = write_page_token(Page(directory, recursive, listing.continuation), realm())
        response = jsonify(
            {
                "files": [
                    {
                        "file_path": file.file_path,
                        "size_bytes": file.size_bytes,
                        "last_modified": rfc3339(file.last_modified),
                        "etag": file.etag,
                    }
                    for file in listing.files
                ],
                "directories": list(listing.directories),
                "next_page_token": token,
            }
        )
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    return blueprint
