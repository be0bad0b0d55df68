"""The diagram in docs/infrastructure.md, held to what Terraform makes: nothing is missing, and nothing is made up."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from tests.infra.policy_plans import planned_types
from tests.infra.static_terraform import ROOT

DOCUMENT = (ROOT / "docs/infrastructure.md").read_text(encoding="utf-8")
ENVIRONMENTS = ("dev", "prod")
#: In the column of the legend that tells when a thing is there.
ALWAYS = "always"
BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the legend."""

    node: str
    types: frozenset[str]
    when: str


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """The rows of the one table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def types_in(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`((?:aws|terraform)_\w+)`", cell))


LEGEND = [
    Row(node.strip("`"), types_in(types), when.strip("`"))
    for node, _what, types, when in rows(section("Legend"))
]
PLUMBING = [Row("", types_in(types), when.strip("`")) for types, _why, when in rows(section("Plumbing"))]
DOCUMENTED = frozenset(kind for row in LEGEND + PLUMBING for kind in row.types)


def diagram() -> str:
    return section("Diagram").split("```mermaid\n", 1)[1].split("```", 1)[0]


def nodes() -> set[str]:
    """The nodes of the diagram that stand for something in the account; what is outside has round ends."""
    return set(re.findall(r"^\s*(\w+)\[", diagram(), re.MULTILINE))


def outside() -> set[str]:
    return set(re.findall(r"^\s*(\w+)\(\[", diagram(), re.MULTILINE))


def joined() -> set[str]:
    """The nodes that the lines of the diagram join."""
    lines = [line for line in diagram().splitlines() if re.search(r"-->|\.->", line)]
    # A line may have words: `a -- "words" --> b`, `a -. words .-> b`.
    return {name for line in lines for name in re.split(r"\s*-(?:-|\.).*?>\s*", line.strip())}


def written_types(folder: str) -> set[str]:
    """The types of resources that are written below a folder of terraform/."""
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "terraform" / folder).rglob("*.tf"))
    return set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))


def test_each_node_is_explained_and_each_explanation_has_its_node() -> None:
    assert nodes() == {row.node for row in LEGEND}
    assert all(row.types for row in LEGEND + PLUMBING)


def test_the_lines_join_nodes_that_are_there_and_leave_none_alone() -> None:
    assert joined() == nodes() | outside()


def test_no_type_is_told_of_twice() -> None:
    plumbing = frozenset(kind for row in PLUMBING for kind in row.types)
    assert plumbing & frozenset(kind for row in LEGEND for kind in row.types) == frozenset()
    assert len(plumbing) == sum(len(row.types) for row in PLUMBING)


def test_all_that_is_written_is_told_of_and_nothing_else() -> None:
    assert written_types(".") == DOCUMENTED


def test_what_is_told_of_as_done_once_for_an_account_is_so() -> None:
    once = {kind for row in LEGEND + PLUMBING if row.when == BOOTSTRAP for kind in row.types}
    assert once <= written_types("bootstrap")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_plan_has_no_type_that_is_not_told_of(environment: str) -> None:
    assert planned_types(environment) - DOCUMENTED == set()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_told_of_as_always_there_is_in_the_plan(environment: str) -> None:
    always = {kind for row in LEGEND + PLUMBING if row.when == ALWAYS for kind in row.types}
    assert always - planned_types(environment) == set()


def test_what_is_there_by_a_switch_names_one_that_exists() -> None:
    variables = "".join(
        file.read_text(encoding="utf-8") for file in ROOT.glob("terraform/modules/*/variables.tf")
    )
    switches = {row.when for row in LEGEND + PLUMBING} - {ALWAYS, BOOTSTRAP}
    assert {switch for switch in switches if f'variable "{switch}"' not in variables} == set()
