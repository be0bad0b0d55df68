"""Tells clients, in every answer, that what they call will go: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).

Nothing goes at present, so nothing is told, and no request pays for it. Whoever retires something adds it to
`RETIREMENTS`, in a release, so that the OpenAPI document tells it, too. docs/api-versioning.md has the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request
from werkzeug.http import http_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Flask, Response

    from files_api.web.openapi.parts import Doc

_METHODS = ("put", "get", "head", "post", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Something that clients should leave.

    Attributes:
        prefix: What the paths begin with: `/v1/`, say.
        deprecated: Since when they should; a day to come announces it.
        sunset: From when on it may be gone; None while nobody knows.
        more: The URL of a page for people about what to do instead.

    Raises:
        ValueError: A time has no zone, or it would be gone before anybody is told to leave (RFC 9745, section 4).
    """

    prefix: str
    deprecated: datetime
    sunset: datetime | None
    more: str

    def __post_init__(self) -> None:
        for time in (self.deprecated, self.sunset):
            if time is not None and time.tzinfo is None:
                message = f"{time} has no time zone"
                raise ValueError(message)
        if self.sunset is not None and self.sunset < self.deprecated:
            message = f"{self.prefix} would be gone before it is deprecated"
            raise ValueError(message)

    def headers(self) -> list[tuple[str, str]]:
        """Give the header fields of an answer."""
        # A Date of structured fields: seconds since 1970, and no fraction (RFC 9651, section 3.3.7).
        fields = [
            ("Deprecation", f"@{int(self.deprecated.timestamp())}"),
            ("Link", f'<{self.more}>; rel="deprecation"; type="text/html"'),
        ]
        if self.sunset is not None:
            fields += [
                ("Sunset", http_date(self.sunset)),
                ("Link", f'<{self.more}>; rel="sunset"; type="text/html"'),
            ]
        return fields


#: What is being retired in this release.
RETIREMENTS: tuple[Retirement, ...] = ()


def announce(app: Flask, retirements: Sequence[Retirement] = RETIREMENTS) -> None:
    """Have an application tell of retirements in every answer that it gives to them, errors included."""
    if not retirements:
        return
    told = [(one.prefix, one.headers()) for one in retirements]

    def tell(response: Response) -> Response:
        for prefix, fields in told:
            if request.path.startswith(prefix):
                for name, value in fields:
                    # Beside what is there: an answer may have other links.
                    response.headers.add(name, value)
        return response

    app.after_request(tell)


def mark(document: Doc, retirements: Sequence[Retirement] = RETIREMENTS) -> None:
    """Say of each operation in an OpenAPI document that is being retired that it is, and what its answers have."""
    for one in retirements:
        names = {name for name, _ in one.headers()}
        for path, item in document["paths"].items():
            if not path.startswith(one.prefix):
                continue
            for operation in (item[method] for method in _METHODS if method in item):
                operation["deprecated"] = True
                for response in operation["responses"].values():
                    response.setdefault("headers", {}).update(
                        {name: header for name, header in _DESCRIBED.items() if name in names}
                    )


_DESCRIBED = {
    "Deprecation": {
        "description": "Since when clients should not call this any more (RFC 9745).",
        "required": True,
        "schema": {"type": "string", "examples": ["@1798761600"]},
    },
    "Link": {
        "description": "Where to read what to do instead: `deprecation`, `sunset`.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Sunset": {
        "description": "From when on this may be gone (RFC 8594).",
        "required": True,
        "schema": {"type": "string", "examples": ["Fri, 31 Dec 2027 23:59:59 GMT"]},
    },
}
