"""GitHub's token of each job, in its older and its newer form, opens just the role that the job asks for.

What AWS compares are strings, to the letter (`StringEquals`, terraform/bootstrap/github.tf). Which ones it compares
with is evaluated here by Terraform itself, and what GitHub writes is as in its documentation:
https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.workflows import JOBS, ROOT, Job
from tests.prerequisites import need_program

if TYPE_CHECKING:
    from pathlib import Path

BOOTSTRAP = ROOT / "terraform" / "bootstrap"
#: By name, and, for repositories since 2026-07-15, by name and number.
_OLDER, _NEWER = "repo:example/files-api", "repo:example@123456/files-api@456789"
_ASKING = [job for job in JOBS if job.role is not None]
Trust = dict[str, set[str]]


def _end_of_subject(job: Job) -> str:
    """What GitHub writes of a job: its environment before all else, then a pull request, then its branch."""
    if job.environment is not None:
        return f"environment:{job.environment}"
    if "pull_request" in job.workflow.events:
        return "pull_request"
    return "ref:refs/heads/main"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Which subjects each role takes."""
    need_program("terraform", "The trust of the pipeline's roles is", bring="from HashiCorp, 1.11 or newer")
    return _evaluated(tmp_path_factory.mktemp("trust"))


def _evaluated(folder: Path) -> Trust:
    # Locals and variables alone: they need no provider, and so no network.
    text = (BOOTSTRAP / "github.tf").read_text(encoding="utf-8")
    (locals_,) = re.findall(r"^locals \{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL)
    (subjects,) = re.findall(r':sub"\n\s+values\s+= (.*)\n', text)
    assert subjects.count("each.value") == 1
    (folder / "main.tf").write_text(locals_, encoding="utf-8")
    shutil.copy(BOOTSTRAP / "variables.tf", folder)
    subjects = subjects.replace("each.value", "ends")
    done = subprocess.run(
        [
            *("terraform", f"-chdir={folder}", "console", "-var=region=eu-central-1"),
            *("-var=github_repository=example/files-api", "-var=github_owner_id=123456"),
            "-var=github_repository_id=456789",
        ],
        input=f"jsonencode({{for role, ends in local.github_jobs : role => {subjects}}})\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {role: set(subjects) for role, subjects in json.loads(json.loads(done.stdout)).items()}


@pytest.mark.parametrize("job", _ASKING, ids=str)
@pytest.mark.parametrize("repository", [_OLDER, _NEWER], ids=["older", "newer"])
def test_a_job_gets_the_role_that_it_asks_for(trust: Trust, repository: str, job: Job) -> None:
    assert job.role is not None

    assert f"{repository}:{_end_of_subject(job)}" in trust[job.role]


@pytest.mark.parametrize("job", _ASKING, ids=str)
@pytest.mark.parametrize("repository", [_OLDER, _NEWER], ids=["older", "newer"])
def test_and_none_of_an_environment_that_it_is_not_of(trust: Trust, repository: str, job: Job) -> None:
    subject = f"{repository}:{_end_of_subject(job)}"

    assert {role for role in ("dev", "prod") if subject in trust[role]} == {job.environment} - {None}


def test_a_pull_request_gets_nothing_but_its_own_role(trust: Trust) -> None:
    for repository in (_OLDER, _NEWER):
        assert {role for role, subjects in trust.items() if f"{repository}:pull_request" in subjects} == {
            "review"
        }


@pytest.mark.parametrize(
    "stranger",
    [
        "repo:example/files-api-evil:environment:prod",
        "repo:evil/files-api:environment:prod",
        "repo:example@999/files-api@456789:environment:prod",
        "repo:example@123456/files-api@999:environment:prod",
        "repo:example/files-api:ref:refs/tags/v1.0.0",
        "repo:example/files-api:ref:refs/heads/other",
        "repo:example@123456/files-api@456789:ref:refs/heads/other",
    ],
)
def test_strangers_and_other_branches_get_nothing(trust: Trust, stranger: str) -> None:
    assert [role for role, subjects in trust.items() if stranger in subjects] == []


def test_each_role_that_is_asked_for_is_made(trust: Trust) -> None:
    assert {job.role for job in _ASKING} <= trust.keys()
