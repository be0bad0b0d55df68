"""The OpenAPI document as a whole: what stands above the operations, and how it is finished."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from files_api.web.access import SECURITY_SCHEMES
from files_api.web.openapi.generation import GENERATION_SCHEMAS
from files_api.web.openapi.parts import RATE_LIMIT
from files_api.web.openapi.problems import table_of_problems
from files_api.web.retirement import RETIREMENTS, mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apispec import APISpec

    from files_api.web.openapi.parts import Doc
    from files_api.web.retirement import Retirement

_DESCRIPTION = f"""Files in an S3 bucket over plain HTTP, and files made by OpenAI.

* **Put, get, list, delete.** The bytes of a request are the file, its URL is its name.
* **Conditions and ranges** work as HTTP says (RFC 9110), and are decided by S3 itself at the write.
* **Whole or not at all.** What is stored is what was declared; a digest that is sent is checked.
* **Generate** a text, an image or speech from a prompt, straight into a file.

A credential (an API key, or a token of the configured issuer) is shown as `Authorization: Bearer …` or `X-API-Key`. \
It has scopes, and it may be bound to a directory, which is then its root: paths in and out are relative to it. \
`RateLimit` tells on every answer what is left of the caller's budget.

Times are RFC 3339 in UTC, sizes are bytes. An `etag` in JSON has its quotes. Later versions of v1 may add fields to \
answers and codes to errors.

## Errors

Every error is `application/problem+json` (RFC 9457) with a stable `code`; `errors` tells each wrong field of a 422. \
Every operation lists its own. Any request may also be refused as 400 `malformed_request`, 404 `not_found`, 405, 408, \
414, 417, 431 or 501 before it reaches one.

<details><summary>All codes</summary>

{table_of_problems()}

</details>
"""
#: What flask-smorest passes on to apispec.
SPEC_OPTIONS: Doc = {"info": {"description": _DESCRIPTION}, "servers": [{"url": "/"}]}

_METHODS = ("put", "get", "head", "post", "patch", "delete")
_SCHEMA_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def make_document(
    spec: APISpec, *, is_open: bool = False, retirements: Sequence[Retirement] = RETIREMENTS
) -> Doc:
    """Finish the document: the same for the same code, whatever the settings but one.

    Args:
        spec: What the views tell.
        is_open: Whether the service asks nobody for a credential: then the document does not, either.
        retirements: What clients should leave.

    Members are in the order in which one reads them; where order has no meaning, it is that of the alphabet.
    """
    document: Doc = deepcopy(spec.to_dict())  # apispec gives out its own insides
    components = document["components"]
    if not is_open:
        components["securitySchemes"] = {name: dict(scheme) for name, scheme in SECURITY_SCHEMES.items()}
    components["schemas"].update(GENERATION_SCHEMAS)
    for (path, _), operation in operations_of(document).items():
        operation["summary"] = operation["summary"].rstrip(".")
        if "security" in operation:
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(RATE_LIMIT)
        if is_open:
            operation.pop("security", None)
        # The page shows what an operation shares with its neighbours last; the path is what one wants to see first.
        shared = document["paths"][path].get("parameters", [])
        operation["parameters"] = [*shared, *map(_without_null, operation.get("parameters", []))]
        operation["responses"] = {
            str(status): operation["responses"][status] for status in sorted(operation["responses"], key=str)
        }
    for path, item in document["paths"].items():
        document["paths"][path] = {name: item[name] for name in _METHODS if name in item}
    mark(document, retirements)
    _drop_unused_schemas(document)
    document["components"] = {
        kind: dict(sorted(components[kind].items())) for kind in sorted(components) if components[kind]
    }
    return {name: document[name] for name in ("openapi", "info", "servers", "tags", "paths", "components")}


def operations_of(document: Doc) -> dict[tuple[str, str], Doc]:
    """Find all operations, by (path, method)."""
    return {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def _without_null(parameter: Doc) -> Doc:
    """Say what is true of queries and headers: there is no null in them, a parameter is there or not."""
    schema = dict(parameter["schema"])
    if isinstance(schema.get("type"), list):
        (schema["type"],) = (name for name in schema["type"] if name != "null")
    if schema.get("default", ...) is None:
        del schema["default"]
    return {**parameter, "schema": schema}


def _drop_unused_schemas(document: dict[str, Any]) -> None:
    """Leave out what flask-smorest registers unasked, such as the metadata of a pagination that is not ours."""
    schemas = document["components"]["schemas"]
    used: set[str] = set()
    while True:
        rest = {
            **document,
            "components": {**document["components"], "schemas": {n: schemas[n] for n in used}},
        }
        found = set(_SCHEMA_REFERENCE.findall(json.dumps(rest)))
        if found <= used:
            break
        used |= found
    for name in set(schemas) - used:
        del schemas[name]
