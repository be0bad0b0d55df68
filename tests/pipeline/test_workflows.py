"""What holds for every workflow: least rights, pinned actions, no stored keys, an end to everything."""

from __future__ import annotations

import re

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from tests.pipeline.workflows import FOLDER, JOBS, NAMES, ROOT, WORKFLOWS, Job, Workflow

_PINNED = re.compile(r"^\s*(?:- )?uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
#: What a job may write, and why it has to. Nothing else writes.
_MAY_WRITE = {
    "pull-request: comment": {"pull-requests"},
    "release: container": {"packages"},
    "release: publish": {"contents"},
    "scheduled: tell": {"issues"},
    "scheduled: propose": {"contents", "pull-requests", "actions"},
    "scheduled: rebuild": {"actions"},
}
_workflows = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
_jobs = pytest.mark.parametrize("job", JOBS, ids=str)


def test_these_are_all_workflows() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(NAMES)


@_workflows
def test_by_itself_a_job_may_nothing(workflow: Workflow) -> None:
    assert workflow.data["permissions"] == {}


@_workflows
def test_every_action_is_pinned_by_its_commit_and_says_its_version(workflow: Workflow) -> None:
    uses = [line for line in workflow.text.splitlines() if re.match(r"^\s*(?:- )?uses:", line)]

    assert uses
    assert [line for line in uses if not _PINNED.match(line)] == []


def test_an_action_is_the_same_version_everywhere() -> None:
    found = {str(step.data["uses"]) for job in JOBS for step in job.steps if step.action}

    assert len(found) == len({one.partition("@")[0] for one in found})


@_jobs
def test_a_checkout_leaves_no_token_behind(job: Job) -> None:
    for step in job.steps:
        if step.action == "actions/checkout":
            assert step.inputs["persist-credentials"] is False


@_jobs
def test_a_job_writes_only_what_is_known(job: Job) -> None:
    writes = {scope for scope, access in job.permissions.items() if access == "write" and scope != "id-token"}

    assert writes == _MAY_WRITE.get(str(job), set())


@_jobs
def test_a_job_that_may_write_runs_nothing_of_the_checkout_s(job: Job) -> None:
    if not {scope for scope, access in job.permissions.items() if access == "write"} - {"id-token"}:
        return

    assert job.makes == []


@_jobs
def test_only_who_shows_a_token_to_somebody_may_have_one(job: Job) -> None:
    shows = job.role is not None or any("cosign sign" in step.run for step in job.steps)

    assert job.permissions.get("id-token") == ("write" if shows else None)


@_workflows
def test_no_key_is_stored_anywhere(workflow: Workflow) -> None:
    assert "secrets." not in workflow.text
    assert not re.search(r"aws-(access-key-id|secret-access-key)|AKIA[0-9A-Z]{16}", workflow.text)


@_jobs
def test_a_job_has_an_end(job: Job) -> None:
    assert 0 < job.data["timeout-minutes"] <= 120


@_jobs
def test_two_runs_of_the_same_do_not_meet(job: Job) -> None:
    assert "concurrency" in job.workflow.data or "concurrency" in job.data


@_workflows
def test_nothing_that_somebody_else_has_written_is_put_into_a_script(workflow: Workflow) -> None:
    for job in workflow.jobs.values():
        for step in job.steps:
            assert "${{" not in step.run, (str(job), step.run)


@_workflows
def test_code_of_strangers_is_never_run_with_rights(workflow: Workflow) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & workflow.events.keys()


@_workflows
def test_a_command_of_a_pipe_that_fails_fails_the_step(workflow: Workflow) -> None:
    # GitHub runs `shell: bash` with -e -o pipefail, and its own default without pipefail.
    assert workflow.data["defaults"] == {"run": {"shell": "bash"}}


def test_dependabot_waits_a_week_and_watches_whatever_is_pinned() -> None:
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))

    assert {one["package-ecosystem"] for one in config["updates"]} == {
        *("github-actions", "docker", "docker-compose", "terraform", "npm")
    }
    for one in config["updates"]:
        assert one["cooldown"]["default-days"] >= 7
        for folder in one.get("directories", [one.get("directory")]):
            assert (ROOT / folder.lstrip("/")).is_dir(), folder


def test_the_versions_of_terraform_are_one() -> None:
    versions = {
        step.inputs["terraform_version"]
        for job in JOBS
        for step in job.steps
        if step.action == "hashicorp/setup-terraform"
    }

    assert len(versions) == 1
