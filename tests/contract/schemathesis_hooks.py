"""What Schemathesis has to be told of this API, because no OpenAPI document can say it.

No request is left out. What is explained is why some that the document allows are refused all the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData

if TYPE_CHECKING:
    from schemathesis import Case, HookContext, Response
    from schemathesis.core.failures import Failure

# Refusals of requests that the document allows: what `detail` says, or which field it is, and why JSON Schema has no
# word for it.
_DETAILS = {
    "The path is not in Unicode normalization form C (NFC).": "a pattern knows characters, not normalization",
    "bytes of UTF-8; 1024 are allowed.": "maxLength counts characters",
    "is not an HTTP-date": "a pattern knows no calendar",
}
_FIELDS = {
    "options.model": "the operator decides which models there are",
    "options.size": "multiples of 16, and bounds on the product and the ratio of two numbers in one string",
    "options.background": "depends on the extension of file_path",
    "Idempotency-Key": "what was asked before",
    "directory": "NFC, as above",
    "file_path": "NFC and bytes, as above",
}


_DIGESTS = ("Content-Digest", "Repr-Digest", "Content-MD5")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make of a request that the document allows one that is meant.

    The slashes of a path go as they are: OpenAPI would have them percent-encoded, and has no way to say otherwise. A
    digest is of the very body that it comes with, and a page token from the page before, which no generated one is.
    """
    # The command line shows a credential that is good: a second one, made up, would only be refused.
    case.headers.pop("X-API-Key", None)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.path_parameters:
        case.path_parameters["file_path"] = case.path_parameters["file_path"].replace("%2F", "/")
    for name in _DIGESTS:
        case.headers.pop(name, None)
    case.query.pop("page_token", None)


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop the refusals that are explained above, and nothing else."""
    if isinstance(failure, RejectedPositiveData):
        return not _is_explained(response)
    if isinstance(failure, AllowHeaderMismatch):
        # `generated` is also a legal name of a file: what may be done with that is in its Allow, too.
        return bool(case.operation.path != "/v1/files/generated")
    return True


def _is_explained(response: Response) -> bool:
    if not response.content:
        return False
    problem = json.loads(response.content)
    wrong: set[str] = {error["field"] for error in problem.get("errors", ())}
    if wrong:
        return wrong <= _FIELDS.keys()
    return any(text in problem["detail"] for text in _DETAILS)
