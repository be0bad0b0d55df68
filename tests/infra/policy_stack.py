"""A stack as Terraform tells of it in JSON, in the form that policies look at.

https://developer.hashicorp.com/terraform/internals/json-format: of a plan (`terraform show -json PLAN`), where much is
known after the apply alone, and of a state (`terraform show -json`), where everything is known.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INDEX = re.compile(r"\[[^\]]*\]")
#: The beginning of a reference that names a resource or a data source; what follows is its attribute.
_RESOURCE = re.compile(r"^(?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z_][A-Za-z0-9_-]*")

POLICY_DOCUMENT = "aws_iam_policy_document"


@dataclass(frozen=True, slots=True)
class Block:
    """A resource, or a data source, as it will be.

    Attributes:
        address: With module and index: `module.network.aws_subnet.public["a"]`.
        values: What is known of it.
        unknown: Where in it something will be known after the apply: true in its place, else left out.
        references: By argument, the written addresses (without indices) that its expression names.
    """

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_data: bool = False

    @property
    def written(self) -> str:
        """The address as it is written: without the indices of counts and for_each."""
        return _INDEX.sub("", self.address)

    def is_set(self, argument: str) -> bool:
        """Whether an argument has a value, or will have one."""
        return bool(self.values.get(argument)) or bool(self.unknown.get(argument))


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy for IAM, wherever it is written."""

    where: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def name(self) -> str:
        """What a reason for an exception names it by."""
        return f"{self.where} {self.sid}"


class Stack:
    """All blocks of a plan or a state."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> Stack:
        """Read a plan: what will be there, without what is deleted; and the data that was read for it.

        Raises:
            KeyError: This is no plan in JSON.
        """
        references = dict(_references(plan["configuration"]["root_module"], ""))
        changes = [
            _block(change, change["change"]["after"], change["change"].get("after_unknown"), references)
            for change in plan["resource_changes"]
            if change["change"]["after"] is not None
        ]
        deferred = {block.address for block in changes}
        prior = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
        read = [
            _block(resource, resource["values"], {}, references)
            for resource in _resources(prior)
            if resource["mode"] == "data" and resource["address"] not in deferred
        ]
        return cls((*changes, *read))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Stack:
        """Read a state, after an apply.

        Raises:
            KeyError: This is no state in JSON, or an empty one.
        """
        return cls(
            tuple(
                _block(resource, resource["values"], {}, {})
                for resource in _resources(state["values"]["root_module"])
            )
        )

    def managed(self, *types: str) -> Iterator[Block]:
        """The resources, or those of some types."""
        return (block for block in self.blocks if not block.is_data and (not types or block.type in types))

    def types(self) -> set[str]:
        """The types of all resources."""
        return {block.type for block in self.managed()}

    def attached(self, kind: str, owner: Block, argument: str) -> list[Block]:
        """Find the resources of a type that name a resource in an argument: by value, or by the expression."""
        names = {owner.values.get("id"), owner.values.get("bucket"), owner.values.get("arn")} - {None}
        return [
            block
            for block in self.managed(kind)
            if block.values.get(argument) in names or owner.written in block.references.get(argument, ())
        ]

    def named_by(self, block: Block, argument: str) -> set[str]:
        """Find the written addresses of the resources that an argument names: by the expression, or by the id."""
        by_value = {
            other.written for other in self.managed() if other.values.get("id") == block.values.get(argument)
        }
        return by_value if block.values.get(argument) else set(block.references.get(argument, ()))

    def statements(self) -> Iterator[Statement]:
        """All statements of all policies: of policy documents, and of policies that are written out as JSON."""
        documents = set()
        for block in self.blocks:
            if block.type == POLICY_DOCUMENT:
                documents.add(_canonical(block.values.get("json")))
                yield from (_of_document(block, written) for written in block.values.get("statement") or ())
        for block, policy in self._policies():
            # Those that come of a document have been told of.
            if _canonical(policy) not in documents:
                yield from (_of_json(block, written) for written in _statements_in(policy))

    def statements_of(self, block: Block) -> list[Statement]:
        """The statements of the policy that a resource has, those included that its documents take over."""
        own = _canonical(block.values.get("policy"))
        documents = {
            document.address: document
            for document in self.blocks
            if document.type == POLICY_DOCUMENT
            and (document.written in block.references.get("policy", ()) or self._is(document, own))
        }
        waiting = list(documents.values())
        while waiting:
            taken_over = waiting.pop().references.get("source_policy_documents", frozenset())
            for document in self.blocks:
                if document.written in taken_over and document.address not in documents:
                    documents[document.address] = document
                    waiting.append(document)
        if documents:
            return [
                _of_document(document, written)
                for document in documents.values()
                for written in document.values.get("statement") or ()
            ]
        return [_of_json(block, written) for written in _statements_in(block.values.get("policy"))]

    @staticmethod
    def _is(document: Block, policy: str | None) -> bool:
        return policy is not None and _canonical(document.values.get("json")) == policy

    def hidden_policies(self) -> Iterator[tuple[Block, str]]:
        """Policies that are written out with what will be known after the apply alone, so that nobody can read them.

        Those that come by a local or by `each` are not among them, since a plan does not tell what these are; after an
        apply, in the state, all can be read.
        """
        for block in self.managed():
            for argument in _POLICY_ARGUMENTS & set(block.references):
                named = block.references[argument]
                of_document = any(f"data.{POLICY_DOCUMENT}." in name for name in named)
                if block.unknown.get(argument) is True and named and not of_document:
                    yield block, argument

    def _policies(self) -> Iterator[tuple[Block, str]]:
        for block in self.managed():
            for argument in _POLICY_ARGUMENTS:
                if isinstance(block.values.get(argument), str):
                    yield block, block.values[argument]


_POLICY_ARGUMENTS = frozenset(
    {"policy", "assume_role_policy", "access_policy", "policy_document", "resource_policy", "key_policy"}
)


def _block(
    told: Mapping[str, Any],
    values: Mapping[str, Any],
    unknown: Mapping[str, Any] | None,
    references: Mapping[str, Mapping[str, frozenset[str]]],
) -> Block:
    written = _INDEX.sub("", told["address"])
    return Block(
        address=told["address"],
        type=told["type"],
        values=values,
        unknown=unknown or {},
        references=references.get(written, {}),
        is_data=told["mode"] == "data",
    )


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _references(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, frozenset[str]]]]:
    for resource in module.get("resources", ()):
        repeated = _named_in(resource.get("for_each_expression", {}))
        yield (
            prefix + resource["address"],
            {
                # What is repeated over a resource may name it by `each` alone.
                argument: frozenset(prefix + name for name in _named_in(expression) | repeated)
                for argument, expression in resource.get("expressions", {}).items()
            },
        )
    for name, call in module.get("module_calls", {}).items():
        yield from _references(call["module"], f"{prefix}module.{name}.")


def _named_in(expression: object) -> set[str]:
    """The resources and data sources that an expression names, however deep."""
    if isinstance(expression, list):
        return {name for part in expression for name in _named_in(part)}
    if not isinstance(expression, dict):
        return set()
    named = {match[0] for name in expression.get("references", ()) if (match := _RESOURCE.match(name))}
    return named | {
        name for key, part in expression.items() if key != "references" for name in _named_in(part)
    }


def _canonical(policy: object) -> str | None:
    if not isinstance(policy, str):
        return None
    try:
        return json.dumps(json.loads(policy), sort_keys=True)
    except ValueError:
        return policy


def _known(values: object) -> tuple[str, ...]:
    """One string or many; what is not known yet is left out."""
    if isinstance(values, str):
        return (values,)
    return (
        tuple(value for value in values or () if isinstance(value, str)) if isinstance(values, list) else ()
    )


def _of_document(block: Block, written: Mapping[str, Any]) -> Statement:
    return Statement(
        where=block.written,
        sid=written.get("sid") or "(no sid)",
        effect=written.get("effect") or "Allow",
        actions=(*_known(written.get("actions")), *(["NotAction"] if written.get("not_actions") else [])),
        resources=(
            *_known(written.get("resources")),
            *(["NotResource"] if written.get("not_resources") else []),
        ),
        principals=tuple(
            name for principal in written.get("principals") or () for name in _known(principal["identifiers"])
        ),
        conditions=tuple(
            f"{condition['test']} {condition['variable']} {' '.join(_known(condition['values']))}"
            for condition in written.get("condition") or ()
        ),
    )


def _statements_in(policy: object) -> list[dict[str, Any]]:
    if not isinstance(policy, str):
        return []
    try:
        document = json.loads(policy)
    except ValueError:
        return []
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return [found] if isinstance(found, dict) else found


def _of_json(block: Block, written: Mapping[str, Any]) -> Statement:
    principals = written.get("Principal", {})
    return Statement(
        where=block.written,
        sid=written.get("Sid") or "(no sid)",
        effect=written["Effect"],
        actions=(*_known(written.get("Action")), *(["NotAction"] if "NotAction" in written else [])),
        resources=(*_known(written.get("Resource")), *(["NotResource"] if "NotResource" in written else [])),
        principals=_known(principals)
        if isinstance(principals, str)
        else tuple(name for names in principals.values() for name in _known(names)),
        conditions=tuple(
            f"{test} {variable} {' '.join(_known(values))}"
            for test, wanted in written.get("Condition", {}).items()
            for variable, values in wanted.items()
        ),
    )
