"""Does a role allow a call? IAM's own rules, as far as the policies of this project need them.

moto's IAM cannot be asked: for most services it takes every resource for `*`, and a condition for one that is not met.
Where a policy says what is not known here, the answer is an exception, never a guess.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}


class UnknownPolicyElementError(Exception):
    """A policy has something that this module does not know: it cannot tell what AWS would do."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One right that a call needs: an action on a resource, in a context (IAM's condition keys and their values)."""

    action: str
    resource: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        """As AWS writes it in its errors."""
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    policy: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def speaks_of(self, demand: Demand) -> bool:
        """Whether the demand is one that this statement allows, or denies."""
        return (
            any(_matches(action.lower(), demand.action.lower()) for action in self.actions)
            and any(_matches(resource, demand.resource) for resource in self.resources)
            and all(_holds(*condition, demand.context) for condition in self.conditions)
        )


def statements_of(policies: Mapping[str, str]) -> list[Statement]:
    """Read policies: JSON documents, by name.

    Raises:
        UnknownPolicyElementError: One has an element, or a kind of condition, that is not known here.
    """
    return [
        _statement(name, statement)
        for name, document in policies.items()
        for statement in json.loads(document)["Statement"]
    ]


def allowed(demand: Demand, statements: Iterable[Statement]) -> bool:
    """Whether a role with these statements may do it: one allows it, and none denies it."""
    effects = {statement.effect for statement in statements if statement.speaks_of(demand)}
    return effects == {"Allow"}


def _statement(policy: str, statement: Mapping[str, Any]) -> Statement:
    if unknown := statement.keys() - _KNOWN:
        raise UnknownPolicyElementError(f"{policy}: {', '.join(sorted(unknown))}")
    conditions = [
        (operator, key, _listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    for operator, _, _ in conditions:
        if operator not in _OPERATORS:
            raise UnknownPolicyElementError(f"{policy}: the condition {operator}")
    return Statement(
        policy=policy,
        sid=statement["Sid"],
        effect=statement["Effect"],
        actions=_listed(statement["Action"]),
        resources=_listed(statement["Resource"]),
        conditions=tuple(conditions),
    )


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _matches(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """IAM's wildcards: `*` any number of any characters, slashes and colons among them, `?` any one."""
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern),
        re.DOTALL,
    )


def _equal(wanted: str, actual: str) -> bool:
    return wanted == actual


#: Conditions on one value, and on a set of which one value must do.
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": _matches,
    "ForAnyValue:StringEquals": _equal,
}


def _holds(operator: str, key: str, wanted: Sequence[str], context: Mapping[str, Sequence[str]]) -> bool:
    """A key that the call does not have fulfils none of these conditions."""
    return any(_OPERATORS[operator](value, actual) for actual in context.get(key, ()) for value in wanted)
