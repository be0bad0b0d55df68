"""The workflows as data: what a job runs, as whom, after what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
NAMES = ("main", "pull-request", "release", "scheduled")
#: `make target NAME=value`, as it stands in a step.
_MAKE = re.compile(r"\bmake (?P<words>[a-z][a-z-]*(?: (?:[a-z][a-z-]*|[A-Z]+=\S+))*)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job."""

    data: dict[str, Any]

    @property
    def run(self) -> str:
        return str(self.data.get("run", ""))

    @property
    def action(self) -> str:
        return str(self.data.get("uses", "")).partition("@")[0]

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self.data.get("with", {}))

    @property
    def env(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.data.get("env", {}).items()}

    @property
    def makes(self) -> list[str]:
        """The words after each `make`: `tf-plan ENV=prod`."""
        return [found["words"].strip() for found in _MAKE.finditer(self.run)]


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a workflow."""

    workflow: Workflow
    name: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.workflow.name}: {self.name}"

    @property
    def steps(self) -> list[Step]:
        return [Step(step) for step in self.data["steps"]]

    @property
    def permissions(self) -> dict[str, str]:
        """What its token may do; of GitHub itself, nothing where it says nothing (`permissions: {}` above it)."""
        return dict(self.data.get("permissions", {}))

    @property
    def env(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.data.get("env", {}).items()}

    @property
    def needs(self) -> set[str]:
        needs = self.data.get("needs", [])
        return {needs} if isinstance(needs, str) else set(needs)

    @property
    def environment(self) -> str | None:
        environment = self.data.get("environment")
        return environment["name"] if isinstance(environment, dict) else environment

    @property
    def role(self) -> str | None:
        """Which of the roles that terraform/bootstrap makes it takes on in AWS: the end of its name."""
        for step in self.steps:
            if step.action == "aws-actions/configure-aws-credentials":
                return str(step.inputs["role-to-assume"]).rpartition("files-api-github-")[2]
        return None

    @property
    def makes(self) -> list[str]:
        return [words for step in self.steps for words in step.makes]

    def index(self, part: str) -> int:
        """Which step it is that runs or uses something."""
        for index, step in enumerate(self.steps):
            if part in step.run or part in step.action:
                return index
        raise AssertionError(f"{self} has no step with {part}")

    def comes_after(self) -> set[str]:
        """All jobs that have ended well before it begins."""
        found = set(self.needs)
        for name in self.needs:
            found |= self.workflow.jobs[name].comes_after()
        return found


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file."""

    name: str
    text: str
    data: dict[Any, Any]

    @property
    def jobs(self) -> dict[str, Job]:
        return {name: Job(self, name, data) for name, data in self.data["jobs"].items()}

    @property
    def events(self) -> dict[str, Any]:
        # In YAML 1.1 `on` is another word for true.
        return dict(self.data[True])


def read(name: str) -> Workflow:
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    return Workflow(name, text, yaml.safe_load(text))


WORKFLOWS = [read(name) for name in NAMES]
JOBS = [job for workflow in WORKFLOWS for job in workflow.jobs.values()]
