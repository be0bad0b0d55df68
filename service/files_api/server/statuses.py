"""What statuses are called."""

from http import HTTPStatus

# RFC 9110's names where Python's change from release to release.
_TITLE_OF_STATUS = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def title_of(status: int) -> str:
    """Name a status."""
    return _TITLE_OF_STATUS.get(status) or HTTPStatus(status).phrase
