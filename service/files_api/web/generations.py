"""Files made by AI."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify, request

from files_api.domain.access import Scope
from files_api.domain.errors import FilesApiError
from files_api.domain.generation import GeneratedFile, GenerationRules, read_request
from files_api.domain.idempotency import check_key, fingerprint_of, replay_or_run
from files_api.domain.paths import encode_url_path
from files_api.telemetry import metrics
from files_api.web.access import current_caller, needs
from files_api.web.api import Blueprint
from files_api.web.files import stored_file_json
from files_api.web.openapi import operations
from files_api.web.openapi.problems import BEHIND_THE_GATE, problems
from files_api.web.schemas import GeneratedFileSchema, GenerationSchema, NoQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from files_api.domain.generation import Generation, GenerationRequest
    from files_api.domain.models import Usage
    from files_api.domain.ports import IdempotencyStore
    from files_api.web.access import FilesOfCaller


def _answer_of(made: GeneratedFile) -> bytes:
    """Everything that a replay needs."""
    stored = made.stored
    message = f"New {made.kind.value} file generated and uploaded at path: {stored.file_path}"
    usage = {
        "input_tokens": made.usage.input_tokens,
        "output_tokens": made.usage.output_tokens,
        "total_tokens": made.usage.total_tokens,
    }
    body = {**stored_file_json(stored, message), "model": made.model, "usage": usage}
    return json.dumps({"created": stored.created, "body": body}).encode()


def _response_of(answer: bytes) -> Response:
    content = json.loads(answer)
    body = content["body"]
    response = jsonify(body)
    response.headers["ETag"] = body["etag"]
    response.headers["Cache-Control"] = "no-store"
    if content["created"]:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"/v1/files/{encode_url_path(body['file_path'])}"
    return response


@contextmanager
def _measured(asked: GenerationRequest) -> Iterator[list[Usage]]:
    """Measure a generation; whoever makes it puts in what it has used."""
    used: list[Usage] = []
    began = time.monotonic()
    outcome = "internal_error"
    try:
        yield used
        outcome = "ok"
    except FilesApiError as error:
        outcome = error.code
        raise
    finally:
        metrics.record_generation(
            kind=asked.kind, model=asked.model, outcome=outcome, seconds=time.monotonic() - began
        )
        for usage in used:
            for direction, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if tokens is not None:
                    metrics.record_tokens(
                        kind=asked.kind, model=asked.model, direction=direction, tokens=tokens
                    )


def make_generations_blueprint(
    files_of_caller: FilesOfCaller,
    generation: Generation,
    rules: GenerationRules,
    idempotency: IdempotencyStore,
) -> Blueprint:
    """Make the resource `/v1/files/generated`."""
    blueprint = Blueprint(
        "generations", __name__, url_prefix="/v1/files", description="Files made by OpenAI."
    )

    @blueprint.route("/generated", methods=["POST"])
    @needs(Scope.GENERATE)
    @blueprint.doc(**operations.GENERATE_FILE)
    @blueprint.arguments(NoQuery, location="query")
    @blueprint.arguments(GenerationSchema, location="json")
    @blueprint.response(201, GeneratedFileSchema)
    @blueprint.alt_response(200, schema=GeneratedFileSchema, success=True)
    @problems(
        *BEHIND_THE_GATE,
        "malformed_body",
        "incomplete_body",
        "invalid_idempotency_key",
        "request_timeout",
        "file_exists",
        "idempotency_key_in_use",
        "write_conflict",
        "body_too_large",
        "file_too_large",
        "unsupported_media_type",
        "validation_error",
        "generation_refused",
        "idempotency_key_reused",
        "quota_exceeded",
        "generation_busy",
        "generator_bad_answer",
        "storage_unavailable",
        "overloaded",
        "generator_unavailable",
        "generation_not_configured",
        "generator_timeout",
    )
    def generate_file(_query: dict[str, Any], body: dict[str, Any]) -> Response:
        """Generate a file with AI.

        Text, an image or speech, made by OpenAI from a prompt and stored like any other file. With an
        `Idempotency-Key` a repetition within 24 hours gets the first answer and costs nothing.
        """
        files = files_of_caller()
        asked = read_request(
            file_path=body["file_path"],
            file_type=body["file_type"],
            prompt=body["prompt"],
            options=body["options"],
            rules=rules,
        )

        def run() -> bytes:
            with _measured(asked) as measured:
                made = generation.create(files, body["file_path"], asked, overwrite=body["overwrite"])
                measured.append(made.usage)
            return _answer_of(made)

        key = request.headers.get("Idempotency-Key")
        if key is None:
            return _response_of(run())
        # Two callers may well have the same idea of a key.
        own_key = f"{current_caller().subject} {check_key(key)}"
        return _response_of(replay_or_run(idempotency, own_key, fingerprint_of(body), run))

    return blueprint
