"""A breaking change against the released document is found; one that breaks nobody is not."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.stack import ROOT

from files_api.devtools.openapi_changes import breaking_changes, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Document = dict[str, Any]

_RELEASED: Document = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.4.0"},
    "servers": [{"url": "/"}],
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "security": [{"key": []}, {"token": ["read"]}],
                "parameters": [
                    {"in": "query", "name": "size", "schema": {"type": "integer", "maximum": 1000}},
                    {"in": "query", "name": "order", "schema": {"type": "string", "enum": ["up", "down"]}},
                    {"in": "query", "name": "of", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"in": "query", "name": "deep", "schema": {"type": "boolean", "default": False}},
                ],
                "responses": {
                    "200": {
                        "description": "Things.",
                        "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Things"}}},
                    },
                    "404": {"description": "None."},
                },
            },
            "post": {
                "operationId": "makeThing",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}}
                },
                "responses": {"201": {"description": "Made."}},
            },
        }
    },
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "token": {"type": "http", "scheme": "bearer"},
        },
        "schemas": {
            "Things": {
                "type": "object",
                "required": ["items"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "next": {"type": ["string", "null"]},
                },
            },
            "Thing": {
                "type": "object",
                "required": ["name", "state"],
                "properties": {
                    "name": {"type": "string"},
                    "state": {"type": "string", "enum": ["new", "old"]},
                    "made": {"type": "string", "format": "date-time"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "parts": {"$ref": "#/components/schemas/Things"},
                },
            },
            "NewThing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 100},
                    "weight": {"type": "number"},
                    "colour": {"type": "string", "enum": ["red", "blue"]},
                    "due": {"type": "string", "format": "date"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "extra": {"type": "object"},
                },
            },
        },
    },
}


def _get(document: Document) -> Document:
    operation: Document = document["paths"]["/things"]["get"]
    return operation


def _post(document: Document) -> Document:
    operation: Document = document["paths"]["/things"]["post"]
    return operation


def _schema(document: Document, name: str) -> Document:
    schema: Document = document["components"]["schemas"][name]
    return schema


def _new_parameter(*, required: bool) -> Document:
    return {"in": "query", "name": "filter", "required": required, "schema": {"type": "string"}}


_BREAKING: dict[str, Callable[[Document], object]] = {
    "a path is gone": lambda new: new["paths"].pop("/things"),
    "an operation is gone": lambda new: new["paths"]["/things"].pop("post"),
    "an operation has another name": lambda new: _get(new).update(operationId="getThings"),
    "a response is gone": lambda new: _get(new)["responses"].pop("404"),
    "a header of a response is gone": lambda new: _get(new)["responses"]["200"]["headers"].pop("ETag"),
    "a header of a response may be missing": lambda new: _get(new)["responses"]["200"]["headers"]["ETag"].pop(
        "required"
    ),
    "a content type of a response is gone": lambda new: _get(new)["responses"]["200"].pop("content"),
    "a field of a response is gone": lambda new: _schema(new, "Thing")["properties"].pop("name"),
    "a field of a response may be missing": lambda new: _schema(new, "Thing").update(required=["name"]),
    "a field of a response may be null": lambda new: _schema(new, "Thing")["properties"]["name"].update(
        type=["string", "null"]
    ),
    "a response has a value that nobody expects": lambda new: _schema(new, "Thing")["properties"][
        "state"
    ].update(enum=["new", "old", "lost"]),
    "a parameter is gone": lambda new: _get(new)["parameters"].pop(0),
    "a parameter is required now": lambda new: _get(new)["parameters"][0].update(required=True),
    "a new parameter is required": lambda new: _get(new)["parameters"].append(_new_parameter(required=True)),
    "a parameter takes fewer values": lambda new: _get(new)["parameters"][1]["schema"].update(enum=["up"]),
    "a parameter takes less": lambda new: _get(new)["parameters"][0]["schema"].update(maximum=100),
    "a field of a request is required now": lambda new: _schema(new, "NewThing").update(
        required=["name", "colour"]
    ),
    "a new field of a request is required": lambda new: (
        _schema(new, "NewThing")["properties"].update(size={"type": "integer"}),
        _schema(new, "NewThing").update(required=["name", "size"]),
    ),
    "a field of a request takes another type": lambda new: _schema(new, "NewThing")["properties"][
        "name"
    ].update(type="integer"),
    "a field of a request takes a narrower type": lambda new: _schema(new, "NewThing")["properties"][
        "weight"
    ].update(type="integer"),
    "a field of a request takes fewer values": lambda new: _schema(new, "NewThing")["properties"][
        "colour"
    ].update(enum=["red"]),
    "a free field of a request has values now": lambda new: _schema(new, "NewThing")["properties"][
        "name"
    ].update(enum=["a"]),
    "a field of a request must be shorter": lambda new: _schema(new, "NewThing")["properties"]["name"].update(
        maxLength=10
    ),
    "a field of a request has to match": lambda new: _schema(new, "NewThing")["properties"]["name"].update(
        pattern="^a"
    ),
    "a request refuses what it does not know": lambda new: _schema(new, "NewThing").update(
        additionalProperties=False
    ),
    "the server is another one": lambda new: new.update(servers=[{"url": "/api"}]),
    "a credential is not taken any more": lambda new: _get(new)["security"].pop(0),
    "a credential needs one more scope": lambda new: _get(new)["security"][1].update(token=["read", "list"]),
    "two credentials are needed together": lambda new: _get(new)["security"][0].update(token=[]),
    "an open operation asks for a credential": lambda new: _post(new).update(security=[{"key": []}]),
    "a credential is shown in another header": lambda new: new["components"]["securitySchemes"]["key"].update(
        name="X-Key"
    ),
    "a parameter is written in another way": lambda new: _get(new)["parameters"][2].update(explode=False),
    "a parameter that is left out means something else": lambda new: _get(new)["parameters"][3][
        "schema"
    ].update(default=True),
    "a header of a response has another type": lambda new: _get(new)["responses"]["200"]["headers"][
        "ETag"
    ].update(schema={"type": "integer"}),
    "a response has another format": lambda new: _schema(new, "Thing")["properties"]["made"].update(
        format="date"
    ),
    "a response has no format any more": lambda new: _schema(new, "Thing")["properties"]["made"].pop(
        "format"
    ),
    "the fields beyond the named ones of a response are of another type": lambda new: _schema(new, "Thing")[
        "properties"
    ]["labels"].update(additionalProperties={"type": "integer"}),
    "a field of a request has to have a format": lambda new: _schema(new, "NewThing")["properties"][
        "name"
    ].update(format="uuid"),
    "a field of a request has another format": lambda new: _schema(new, "NewThing")["properties"][
        "due"
    ].update(format="date-time"),
    "what is in a list of a request is of another type": lambda new: _schema(new, "NewThing")["properties"][
        "tags"
    ]["items"].update(type="integer"),
    "a list of a request may be shorter at most": lambda new: _schema(new, "NewThing")["properties"][
        "tags"
    ].update(maxItems=3),
    "a list of a request may have nothing twice": lambda new: _schema(new, "NewThing")["properties"][
        "tags"
    ].update(uniqueItems=True),
    "a number of a request has to be round": lambda new: _schema(new, "NewThing")["properties"][
        "weight"
    ].update(multipleOf=10),
    "the free fields of a request are of a type now": lambda new: _schema(new, "NewThing")["properties"][
        "extra"
    ].update(additionalProperties={"type": "integer"}),
    "a request needs a body": lambda new: _post(new)["requestBody"].update(required=True),
}
_HARMLESS: dict[str, Callable[[Document], object]] = {
    "nothing": lambda new: None,
    "a new path": lambda new: new["paths"].update({"/others": {}}),
    "a new operation": lambda new: new["paths"]["/things"].update(delete={"responses": {}}),
    "a new response": lambda new: _get(new)["responses"].update({"429": {"description": "Slower."}}),
    "a new field of a response": lambda new: _schema(new, "Thing")["properties"].update(
        age={"type": "integer"}
    ),
    "a field of a response that is always there now": lambda new: _schema(new, "Things").update(
        required=["items", "next"]
    ),
    "a field of a response that is never null any more": lambda new: _schema(new, "Things")["properties"][
        "next"
    ].update(type="string"),
    "a value that a response does not have any more": lambda new: _schema(new, "Thing")["properties"][
        "state"
    ].update(enum=["new"]),
    "a new parameter that may be left out": lambda new: _get(new)["parameters"].append(
        _new_parameter(required=False)
    ),
    "a parameter that takes more": lambda new: _get(new)["parameters"][0]["schema"].update(maximum=5000),
    "a new field of a request that may be left out": lambda new: _schema(new, "NewThing")[
        "properties"
    ].update(size={"type": "integer"}),
    "a field of a request that may be left out now": lambda new: _schema(new, "NewThing").update(required=[]),
    "a field of a request that takes more types": lambda new: _schema(new, "NewThing")["properties"][
        "name"
    ].update(type=["string", "integer"]),
    "a field of a request that takes more values": lambda new: _schema(new, "NewThing")["properties"][
        "colour"
    ].update(enum=["red", "blue", "green"]),
    "one more server": lambda new: new["servers"].append({"url": "https://files.example.com"}),
    "one more credential that is taken": lambda new: _get(new)["security"].append({"other": []}),
    "a credential that needs one scope less": lambda new: _get(new)["security"][1].update(token=[]),
    "an operation that is open to all now": lambda new: _get(new).update(security=[]),
    "a parameter that says what was so anyway": lambda new: _get(new)["parameters"][2].update(
        style="form", explode=True
    ),
    "a field of a request that has to have no format any more": lambda new: _schema(new, "NewThing")[
        "properties"
    ]["due"].pop("format"),
    "a response that has a format now": lambda new: _schema(new, "Thing")["properties"]["name"].update(
        format="uuid"
    ),
    "a new header of a response": lambda new: _get(new)["responses"]["200"]["headers"].update(
        {"Sunset": {"schema": {"type": "string"}}}
    ),
    "an operation that is deprecated": lambda new: _get(new).update(deprecated=True),
    "an answer that has another content type, too": lambda new: _get(new)["responses"]["200"][
        "content"
    ].update({"text/csv": {"schema": {"type": "string"}}}),
    "a request that may have another content type": lambda new: _post(new)["requestBody"]["content"].update(
        {"text/plain": {"schema": {"type": "string"}}}
    ),
    "other words": lambda new: _get(new).update(summary="List them", description="All of them."),
}


def _changed(change: Callable[[Document], object]) -> Document:
    new = deepcopy(_RELEASED)
    change(new)
    return new


@pytest.mark.parametrize("name", _BREAKING)
def test_breaking(name: str) -> None:
    (sentence,) = breaking_changes(_RELEASED, _changed(_BREAKING[name]))

    assert sentence.endswith(".")


@pytest.mark.parametrize("name", _HARMLESS)
def test_not_breaking(name: str) -> None:
    assert breaking_changes(_RELEASED, _changed(_HARMLESS[name])) == []


def test_a_new_major_version_may_break_everything() -> None:
    new = _changed(_BREAKING["a path is gone"])
    new["info"]["version"] = "2.0.0"

    assert breaking_changes(_RELEASED, new) == []


def test_a_new_minor_version_may_not() -> None:
    new = _changed(_BREAKING["a path is gone"])
    new["info"]["version"] = "1.5.0"

    assert breaking_changes(_RELEASED, new) == ["/things: the path is gone."]


def test_a_kind_of_request_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    old, new = deepcopy(_RELEASED), deepcopy(_RELEASED)
    kinds = [{"$ref": "#/components/schemas/NewThing"}, {"$ref": "#/components/schemas/Thing"}]
    content = {"application/json": {"schema": {"oneOf": kinds}}}
    _post(old)["requestBody"]["content"] = content

    assert breaking_changes(old, new) != []
    _post(new)["requestBody"]["content"] = {
        "application/json": {"schema": {"oneOf": [*kinds, {"type": "null"}]}}
    }
    assert breaking_changes(old, new) == []


def test_the_contract_of_the_last_release_holds(document: Document) -> None:
    released = json.loads((ROOT / "docs/openapi-released/v1.json").read_text(encoding="utf-8"))

    assert breaking_changes(released, document) == []


def test_the_document_itself_compares_without_a_finding(document: Document) -> None:
    assert breaking_changes(document, deepcopy(document)) == []


def test_the_command_names_every_break_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    released, current = tmp_path / "v1.json", tmp_path / "openapi.json"
    released.write_text(json.dumps(_RELEASED))
    current.write_text(json.dumps(_changed(_BREAKING["an operation is gone"])))

    with pytest.raises(SystemExit) as end:
        main([str(current), "--against", str(released)])

    assert end.value.code == 1
    assert "  POST /things: the operation is gone.\n" in capsys.readouterr().err


def test_the_command_passes_what_breaks_nobody(tmp_path: Path) -> None:
    released = tmp_path / "v1.json"
    released.write_text(json.dumps(_RELEASED))

    assert main([str(released), "--against", str(released)]) == 0


def test_the_command_says_that_nothing_is_released_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "openapi.json"), "--against", str(tmp_path / "v1.json")]) == 0
    assert capsys.readouterr().out.startswith("Nothing is released yet")
