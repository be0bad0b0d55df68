"""Writes the OpenAPI document to a file, and tells whether the file still is what the service says of itself.

python -m files_api.devtools.openapi --write openapi.json
python -m files_api.devtools.openapi --check openapi.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from files_api.app import create_app
from files_api.dependencies import Dependencies
from files_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from files_api.domain.access import Authenticator
    from files_api.domain.ports import Generator, IdempotencyStore, ObjectStore, UsageStore
    from files_api.web.limits import RequestCounter


class _Untouched:
    """Stands for what an application needs to serve, and not to describe itself."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            message = f"describing the service must not call {name}"
            raise AssertionError(message)

        return refuse


def build_app() -> Flask:
    """Make an application that can describe itself, and do nothing else."""
    nothing = _Untouched()
    return create_app(
        Settings.from_env(
            {"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "keys", "FILES_API_KEYS_TABLE": "keys"}
        ),
        Dependencies(
            store=cast("ObjectStore", nothing),
            generator=cast("Generator", nothing),
            idempotency=cast("IdempotencyStore", nothing),
            usage=cast("UsageStore", nothing),
            counter=cast("RequestCounter", nothing),
            credentials=cast("Authenticator", nothing),
            checks={},
        ),
    )


def build_document() -> dict[str, Any]:
    """Make the document of the service as it is in this working copy. Nothing is asked over a network."""
    answer = build_app().test_client().get("/openapi.json", environ_overrides={"RAW_URI": "/openapi.json"})
    document: dict[str, Any] = json.loads(answer.data)
    return document


def to_text(document: dict[str, Any]) -> str:
    """Write a document as it stands in a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.openapi", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", metavar="FILE", type=Path, help="write the document to this file")
    action.add_argument("--check", metavar="FILE", type=Path, help="fail when this file is not up to date")
    options = parser.parse_args(arguments)
    text = to_text(build_document())
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
        return 0
    if not options.check.exists() or options.check.read_text(encoding="utf-8") != text:
        parser.exit(1, f"{options.check} is not what the service says of itself: run `make openapi`.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
