"""The OpenAPI document is valid, complete, and the same each time; openapi.json is it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.integration.stack import ROOT

from files_api.devtools import openapi as command
from files_api.web.openapi.document import operations_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Document = dict[str, Any]
Operation = tuple[str, str, Document]

_OPERATION_IDS = {
    "putFile",
    "getFile",
    "headFile",
    "deleteFile",
    "listFiles",
    "generateFile",
    "getLiveness",
    "getReadiness",
    "getDeepHealth",
    "getVersion",
}
#: For people with a browser, not for programs.
_UNDOCUMENTED_ROUTES = {"/", "/openapi.json", "/docs/start.js", "/docs/page.css", "/docs/assets/<name>"}


def _operations(document: Document) -> list[Operation]:
    return [(path, method, operation) for (path, method), operation in operations_of(document).items()]


def _resolve(document: Document, part: Document) -> Document:
    if "$ref" not in part:
        return part
    found: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    assert isinstance(found, dict)
    return found


def _validate(document: Document, value: object, schema: Document) -> None:
    whole = {**schema, "components": document["components"]}
    OAS31Validator(whole).validate(value)


def _json_contents(document: Document) -> Iterator[tuple[str, Document]]:
    """Every JSON body of the document, of requests and answers, and where it is."""
    for path, method, operation in _operations(document):
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for media_type, content in body.get("content", {}).items():
                if media_type.endswith("json"):
                    yield f"{method} {path} {name}", content


def test_the_document_is_valid_openapi_3_1(document: Document) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_it_says_what_it_is_and_is_served_beside_the_api(document: Document) -> None:
    assert document["info"]["title"] == "Files API"
    assert document["info"]["version"] == "1.0.0"
    assert document["servers"] == [{"url": "/"}]


def test_every_route_is_an_operation_or_known_not_to_be_one(document: Document) -> None:
    app = command.build_app()
    routes = {
        (rule.rule.replace("<file_path:file_path>", "{file_path}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule not in _UNDOCUMENTED_ROUTES
        for method in rule.methods or ()
    }
    documented = set(operations_of(document))

    assert documented <= routes
    # Flask answers OPTIONS by itself, and HEAD wherever there is a GET.
    assert {method for _, method in routes - documented} <= {"options", "head"}


def test_operation_ids_are_the_names_of_the_sdk(document: Document) -> None:
    assert {operation["operationId"] for _, _, operation in _operations(document)} == _OPERATION_IDS


def test_every_operation_is_told_in_a_line_and_has_a_described_tag(document: Document) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for path, method, operation in _operations(document):
        assert operation["summary"], (path, method)
        assert not operation["summary"].endswith("."), (path, method)
        assert set(operation["tags"]) <= described, (path, method)


def test_every_parameter_is_described_and_has_an_example_or_a_closed_set_of_values(
    document: Document,
) -> None:
    for path, method, operation in _operations(document):
        for parameter in operation["parameters"]:
            where = (path, method, parameter["name"])
            schema = parameter["schema"]
            assert parameter["description"], where
            assert (
                "example" in parameter
                or "enum" in schema
                or "default" in schema
                or schema["type"] == "boolean"
                or schema.get("examples")
            ), where
            for example in [parameter.get("example"), *schema.get("examples", [])]:
                if example is not None:
                    _validate(document, example, schema)


def test_only_the_path_has_an_example_that_the_page_would_send_by_itself(document: Document) -> None:
    """Swagger UI fills `example` in: a condition or a range that nobody asked for."""
    for path, method, operation in _operations(document):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                continue
            assert "example" not in parameter, (path, method, parameter["name"])
            assert "example" not in parameter["schema"], (path, method, parameter["name"])


def test_every_json_body_has_examples_that_fit_its_schema(document: Document) -> None:
    for where, content in _json_contents(document):
        named = [_resolve(document, example)["value"] for example in content.get("examples", {}).values()]
        examples = named + ([content["example"]] if "example" in content else [])
        assert examples, where
        for example in examples:
            _validate(document, example, content["schema"])


def test_every_operation_tells_its_errors_with_an_example_of_that_status(document: Document) -> None:
    for path, method, operation in _operations(document):
        errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
        assert "500" in errors, (path, method)
        for status, response in errors.items():
            assert response["description"], (path, method, status)
            content = response.get("content", {})
            if method == "head":
                assert not content, (path, method, status)
            elif "application/problem+json" in content:
                for name, example in content["application/problem+json"]["examples"].items():
                    problem = _resolve(document, example)["value"]
                    assert (problem["code"], str(problem["status"])) == (name, status)


def test_every_answer_has_a_request_id(document: Document) -> None:
    for path, method, operation in _operations(document):
        for status, response in operation["responses"].items():
            assert "X-Request-Id" in response["headers"], (path, method, status)


def test_bytes_are_content_media_types_and_not_the_formats_of_openapi_3_0(document: Document) -> None:
    put = document["paths"]["/v1/files/{file_path}"]["put"]["requestBody"]["content"]
    raw = put["application/octet-stream"]["schema"]
    part = put["multipart/form-data"]["schema"]["properties"]["file_content"]

    assert raw["contentMediaType"] == part["contentMediaType"] == "application/octet-stream"
    assert '"format": "binary"' not in json.dumps(document)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("TextGeneration", {"model", "max_output_tokens"}),
        ("ImageGeneration", {"model", "size", "quality", "background"}),
        ("SpeechGeneration", {"model", "voice", "speed", "instructions"}),
    ],
)
def test_the_options_of_each_kind_are_listed(document: Document, kind: str, options: set[str]) -> None:
    assert set(document["components"]["schemas"][kind]["properties"]["options"]["properties"]) == options


def test_nothing_is_registered_that_nobody_uses(document: Document) -> None:
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text


def test_openapi_json_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        command.main(["--check", str(ROOT / "openapi.json")])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def test_a_stale_file_fails_the_check_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text("{}")

    with pytest.raises(SystemExit) as end:
        command.main(["--check", str(stale)])

    assert end.value.code == 1
    assert capsys.readouterr().err == f"{stale} is not what the service says of itself: run `make openapi`.\n"


def test_writing_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        file = tmp_path / f"{seed}.json"
        subprocess.run(
            [sys.executable, "-m", "files_api.devtools.openapi", "--write", str(file)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        written.append(file.read_bytes())

    assert written[0] == written[1] == (ROOT / "openapi.json").read_bytes()
