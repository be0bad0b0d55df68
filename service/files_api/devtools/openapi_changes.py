"""Finds what would break clients of a released OpenAPI document in a newer one.

    python -m files_api.devtools.openapi_changes openapi.json --against docs/openapi-released/v1.json

What a client sends may only be taken more widely, what it gets back may only be told more narrowly: a type or a value
that is gone breaks requests, one that is new breaks answers. New answers by another status are no break, nor are new
fields of an answer: clients are told to ignore what they do not know. docs/api-versioning.md is this in prose.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_Doc: TypeAlias = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Limits of requests: these may only grow, and those may only shrink.
_UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
# How a parameter is written on the wire, and what is meant where nothing is said (OpenAPI 3.1, section 4.8.12.2.1).
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


def breaking_changes(old: _Doc, new: _Doc) -> list[str]:
    """Name everything in `new` that a client of `old` may trip over, one sentence each.

    Nothing at all where the major of `info.version` has moved: that is what it is for.
    """
    if _major(new) != _major(old):
        return []
    return list(_Comparison(old, new).breaks())


def _major(document: _Doc) -> str:
    return str(document["info"]["version"]).partition(".")[0]


class _Comparison:
    """Walks two documents side by side.

    Args:
        old: What was released.
        new: What is to be.
    """

    def __init__(self, old: _Doc, new: _Doc) -> None:
        self._old = old
        self._new = new
        # Schemas refer to each other, possibly in circles: each pair is compared once for each direction.
        self._compared: set[tuple[str, str, bool]] = set()

    def breaks(self) -> Iterator[str]:
        """Name what breaks, from the document's beginning to its end."""
        kept_servers = [server["url"] for server in self._new.get("servers", ())]
        for server in self._old.get("servers", ()):
            if server["url"] not in kept_servers:
                yield f"The server {server['url']} is gone."
        for path, old_item in self._old["paths"].items():
            new_item = self._new["paths"].get(path)
            if new_item is None:
                yield f"{path}: the path is gone."
                continue
            for method in (name for name in _METHODS if name in old_item):
                where = f"{method.upper()} {path}"
                if method not in new_item:
                    yield f"{where}: the operation is gone."
                    continue
                yield from self._operation(where, old_item, new_item, method)

    def _operation(self, where: str, old_item: _Doc, new_item: _Doc, method: str) -> Iterator[str]:
        old, new = old_item[method], new_item[method]
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: the operationId, which names it in SDKs, is not {old.get('operationId')} any more."
        yield from self._security(where, old, new)
        yield from self._parameters(
            where,
            _parameters_of(old_item, old, self._resolve_old),
            _parameters_of(new_item, new, self._resolve_new),
        )
        yield from self._request_body(
            where,
            self._resolve_old(old.get("requestBody", {})),
            self._resolve_new(new.get("requestBody", {})),
        )
        for status, old_response in old["responses"].items():
            if status not in new["responses"]:
                yield f"{where}: the response {status} is gone."
                continue
            yield from self._response(
                f"{where}, response {status}",
                self._resolve_old(old_response),
                self._resolve_new(new["responses"][status]),
            )

    def _security(self, where: str, old: _Doc, new: _Doc) -> Iterator[str]:
        """Whoever was let in has to be let in still: each way in must have one that asks for no more."""
        ways = [_way_in(way) for way in _security_of(self._new, new)] or [set()]
        for way in _security_of(self._old, old) or [{}]:
            if not any(asked <= _way_in(way) for asked in ways):
                yield f"{where}: {_listed(_way_in(way)) or 'no credential'} is not enough any more."
        for name in self._schemes(old):
            before = self._old["components"]["securitySchemes"][name]
            after = self._new.get("components", {}).get("securitySchemes", {}).get(name)
            if after is not None and any(
                before.get(key) != after.get(key) for key in ("type", "in", "name", "scheme")
            ):
                yield f"{where}: the credential {name} is shown in another way."

    def _schemes(self, operation: _Doc) -> list[str]:
        used = {name for way in _security_of(self._old, operation) for name in way}
        return sorted(used & self._old.get("components", {}).get("securitySchemes", {}).keys())

    def _parameters(
        self, where: str, old: Mapping[tuple[str, str], _Doc], new: Mapping[tuple[str, str], _Doc]
    ) -> Iterator[str]:
        for key, parameter in old.items():
            name = f"{where}, {key[0]} parameter {key[1]}"
            if key not in new:
                yield f"{name}: is gone."
                continue
            if new[key].get("required") and not parameter.get("required"):
                yield f"{name}: is required now."
            if _writing(parameter) != _writing(new[key]):
                yield f"{name}: is written in another way."
            yield from self._schema(name, parameter["schema"], new[key]["schema"], is_request=True)
        for key, parameter in new.items():
            if key not in old and parameter.get("required"):
                yield f"{where}, {key[0]} parameter {key[1]}: is new, and required."

    def _request_body(self, where: str, old: _Doc, new: _Doc) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{where}, request: a body is required now."
        yield from self._content(f"{where}, request", old, new, is_request=True)

    def _response(self, where: str, old: _Doc, new: _Doc) -> Iterator[str]:
        new_headers = new.get("headers", {})
        for name, reference in old.get("headers", {}).items():
            if name not in new_headers:
                yield f"{where}, header {name}: is gone."
                continue
            before, after = self._resolve_old(reference), self._resolve_new(new_headers[name])
            if before.get("required") and not after.get("required"):
                yield f"{where}, header {name}: is not always there any more."
            yield from self._schema(
                f"{where}, header {name}", before.get("schema", {}), after.get("schema", {}), is_request=False
            )
        yield from self._content(where, old, new, is_request=False)

    def _content(self, where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
        for media_type, old_content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{where}: the content type {media_type} is gone."
                continue
            new_content = new["content"][media_type]
            yield from self._schema(
                f"{where} ({media_type})",
                old_content.get("schema", {}),
                new_content.get("schema", {}),
                is_request=is_request,
            )

    def _schema(self, where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
        key = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), is_request)
        if key in self._compared:
            return
        self._compared.add(key)
        old, new = self._resolve_old(old), self._resolve_new(new)
        yield from _types(where, old, new, is_request=is_request)
        yield from _values(where, old, new, is_request=is_request)
        yield from _format(where, old, new, is_request=is_request)
        if is_request:
            yield from _limits(where, old, new)
            yield from _default(where, old, new)
        yield from self._fields(where, old, new, is_request=is_request)
        for part in ("items", "additionalProperties"):
            before, after = (_as_schema(schema.get(part)) for schema in (old, new))
            if before is not None and after is not None:
                yield from self._schema(f"{where}[]", before, after, is_request=is_request)
        yield from self._alternatives(where, old, new, is_request=is_request)

    def _fields(self, where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        for name, field in old_fields.items():
            if name in new_fields:
                yield from self._schema(
                    f"{where}, field {name}", field, new_fields[name], is_request=is_request
                )
            elif not is_request or new.get("additionalProperties") is False:
                yield f"{where}, field {name}: is gone."
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        if is_request:
            for name in sorted(new_required - old_required):
                yield f"{where}, field {name}: is required now."
            if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
                yield f"{where}: unknown fields are refused now."
        else:
            for name in sorted((old_required - new_required) & new_fields.keys()):
                yield f"{where}, field {name}: is not always there any more."

    def _alternatives(self, where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
        """Compare `oneOf`, `anyOf` and `allOf` by the names of what they refer to."""
        for keyword in ("oneOf", "anyOf", "allOf"):
            old_parts = {_name(part): part for part in old.get(keyword, ())}
            new_parts = {_name(part): part for part in new.get(keyword, ())}
            gone, added = old_parts.keys() - new_parts.keys(), new_parts.keys() - old_parts.keys()
            # `allOf` is the other way round: what is added there asks more of a request.
            for name in sorted(gone if is_request != (keyword == "allOf") else added):
                yield f"{where}: {name} is {'gone' if name in gone else 'new'} in {keyword}."
            for name in old_parts.keys() & new_parts.keys():
                yield from self._schema(
                    f"{where}, {name}", old_parts[name], new_parts[name], is_request=is_request
                )

    def _resolve_old(self, part: _Doc) -> _Doc:
        return _resolve(self._old, part)

    def _resolve_new(self, part: _Doc) -> _Doc:
        return _resolve(self._new, part)


def _resolve(document: _Doc, part: _Doc) -> _Doc:
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def _name(part: _Doc) -> str:
    return str(part["$ref"]).rpartition("/")[2] if "$ref" in part else json.dumps(part, sort_keys=True)


def _parameters_of(
    item: _Doc, operation: _Doc, resolve: Callable[[_Doc], _Doc]
) -> dict[tuple[str, str], _Doc]:
    described = [resolve(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return {(one["in"], one["name"]): one for one in described}


def _types_of(schema: _Doc) -> set[str] | None:
    """The types that a schema lets through, None for all; a number may be an integer."""
    if "type" not in schema:
        return None
    types = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
    return types | {"integer"} if "number" in types else types


def _types(where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
    before, after = _types_of(old), _types_of(new)
    giver, taker = (before, after) if is_request else (after, before)
    if taker is not None and (giver is None or not giver <= taker):
        yield f"{where}: the type was {_listed(before)}, and is {_listed(after)}."


def _as_schema(part: object) -> _Doc | None:
    """What may be in a list or beyond the named fields: all (no word of it, or true), or nothing (false: None)."""
    if isinstance(part, dict):
        return part
    return {} if part in (None, True) else None


def _security_of(document: _Doc, operation: _Doc) -> list[dict[str, list[str]]]:
    """The ways in to an operation; empty where everybody may."""
    ways: list[dict[str, list[str]]] = (operation if "security" in operation else document).get(
        "security", []
    )
    return ways


def _way_in(way: Mapping[str, list[str]]) -> set[str]:
    """One way in: all these together, each scheme and each of its scopes."""
    return {
        name
        for scheme, scopes in way.items()
        for name in (scheme, *(f"{scheme}:{scope}" for scope in scopes))
    }


def _writing(parameter: _Doc) -> tuple[Any, ...]:
    style = parameter.get("style", _STYLES.get(parameter["in"]))
    return style, parameter.get("explode", style == "form"), parameter.get("allowReserved", False)


def _format(where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
    """A request may be free of its format, an answer may get one; any other change is one of meaning."""
    before, after = old.get("format"), new.get("format")
    free = after if is_request else before
    if before != after and free is not None:
        yield f"{where}: the format was {before or 'free'}, and is {after or 'free'}."


def _default(where: str, old: _Doc, new: _Doc) -> Iterator[str]:
    """Whoever leaves it out gets something else from now on."""
    if old.get("default") != new.get("default"):
        yield f"{where}: left out, it meant {old.get('default')!r}, and means {new.get('default')!r}."


def _values_of(schema: _Doc) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(where: str, old: _Doc, new: _Doc, *, is_request: bool) -> Iterator[str]:
    before, after = _values_of(old), _values_of(new)
    giver, taker = (before, after) if is_request else (after, before)
    if taker is None:
        return
    if giver is None:
        yield f"{where}: the values were {_listed(before)}, and are {_listed(after)}."
        return
    for value in (value for value in giver if value not in taker):
        yield f"{where}: the value {value!r} is {'gone' if is_request else 'new'}."


def _listed(names: set[str] | list[Any] | None) -> str:
    return "anything" if names is None else " or ".join(sorted(map(str, names)))


def _limits(where: str, old: _Doc, new: _Doc) -> Iterator[str]:
    for name in _UPPER_LIMITS:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{where}: {name} is {new[name]}, and was {old.get(name, 'not limited')}."
    for name in _LOWER_LIMITS:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{where}: {name} is {new[name]}, and was {old.get(name, 'not limited')}."
    for name in ("pattern", "multipleOf"):
        if name in new and new[name] != old.get(name):
            yield f"{where}: {name} is another one, which may take less."
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{where}: the same may not be there twice any more."


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m files_api.devtools.openapi_changes",
        description="Fail when a client of a released document would break with a newer one.",
    )
    parser.add_argument("document", metavar="FILE", type=Path, help="the document as it is to be")
    parser.add_argument("--against", metavar="FILE", type=Path, required=True, help="the released document")
    options = parser.parse_args(arguments)
    if not options.against.exists():
        sys.stdout.write(f"Nothing is released yet ({options.against} is not there), so nothing can break.\n")
        return 0
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (options.against, options.document))
    found = breaking_changes(old, new)
    if found:
        lines = "".join(f"  {line}\n" for line in found)
        parser.exit(
            1, f"Clients of {options.against} would break, and the major version has not moved:\n{lines}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
