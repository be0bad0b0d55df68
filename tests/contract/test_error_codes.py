"""The list of error codes is the whole truth: none is missing, none is made up, each has the status it is told with."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.integration.stack import ROOT

from files_api.domain import errors
from files_api.domain.errors import FilesApiError
from files_api.server import refusals
from files_api.web.openapi.problems import KNOWN_PROBLEMS, table_of_problems
from files_api.web.problems import CODE_OF_STATUS, STATUS_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER_ANSWERED = {
    # It breaks an answer that has begun: its code is only ever in the log.
    errors.StorageReadCut,
    # What an operator's commands are told.
    errors.ClientExists,
    errors.KeyNotFound,
    errors.TwoKeysAlready,
}
# What `web/health.py` and `server/admission.py` answer by themselves.
_OF_THEIR_OWN = {("draining", 503), ("overloaded", 503)}


def _kinds(kind: type[FilesApiError] = FilesApiError) -> Iterator[type[FilesApiError]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _kinds(inner)


def _status_of(kind: type[FilesApiError]) -> int:
    return next(
        (STATUS_OF[base] for base in kind.__mro__ if base in STATUS_OF), HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _codes_in_use() -> set[tuple[str, int]]:
    of_domain = {
        (kind.code, int(_status_of(kind)))
        for kind in _kinds()
        if hasattr(kind, "code") and kind not in _NEVER_ANSWERED
    }
    of_flask = {(code, status) for status, code in CODE_OF_STATUS.items()}
    of_gunicorn = {
        (refusal.code, refusal.status)
        for refusal in map(refusals.refusal, [None, Exception(), *(kind("") for kind in _gunicorn_errors())])
    }
    return of_domain | of_flask | of_gunicorn | _OF_THEIR_OWN


def _gunicorn_errors() -> list[type[BaseException]]:
    return [kind for kind, *_ in refusals._REFUSED]


def test_every_code_in_use_is_listed_with_its_status_and_no_other_is() -> None:
    assert {(known.code, int(known.status)) for known in KNOWN_PROBLEMS.values()} == _codes_in_use()


def test_the_documentation_has_the_same_list() -> None:
    assert table_of_problems() in (ROOT / "docs/errors.md").read_text(encoding="utf-8"), (
        "docs/errors.md does not have the table of files_api.web.openapi.problems.table_of_problems()"
    )
