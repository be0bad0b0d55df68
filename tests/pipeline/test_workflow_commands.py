"""What the workflows call is there: every make target, with what it is told, comes to the command that is meant."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache

import pytest
from tests.pipeline.workflows import JOBS, ROOT, Job, Step

#: What programs behind a target read from the environment themselves.
_READ_BY_PROGRAMS = {
    "FILES_API_KEY",
    "TF_CLI_ARGS_plan",
    "UV_EXCLUDE_NEWER",
    "GH_TOKEN",
    "GH_REPO",
    "IMAGES",  # for the summary
}
_CALLS = [(job, step, words) for job in JOBS for step in job.steps for words in step.makes]
#: What a target has to come to, where it is not just the target's own name: (job, target) and parts of the command.
_MEANT = {
    ("pull-request: plan", "tf-plan"): ["plan", "--no-lock", "--no-refresh"],
    ("main: image", "ami"): ["ami", "--ids '.run/images'"],
    ("main: dev", "tf-plan"): ["plan --env 'dev'", "--out '.run/dev.tfplan'"],
    ("main: dev", "tf-apply"): ["apply --env 'dev'", "--plan '.run/dev.tfplan'"],
    ("main: dev", "deploy"): ["deploy --env 'dev'", "an-expression"],
    ("main: dev", "smoke"): ["smoke --url 'an-expression'"],
    ("main: plan", "tf-plan"): ["plan --env 'prod'", "--out '.run/prod.tfplan'", "--no-lock"],
    ("main: prod", "tf-apply"): ["apply --env 'prod'", "--plan '.run/prod.tfplan'"],
    ("main: prod", "deploy"): ["deploy --env 'prod'", "an-expression"],
    ("scheduled: drift", "drift"): ["drift --env"],
    ("scheduled: load", "load"): [
        "--host 'https://files.example.com'",
        "--users 50",
        "--run-time 10m",
        "generation",
    ],
    ("scheduled: lock", "lock"): ["--upgrade"],
    ("release: check", "release-check"): ["files_api.devtools.release check '1.2.3'"],
    ("release: check", "release-notes"): ["files_api.devtools.release notes '1.2.3'"],
}


def _environment(job: Job, step: Step) -> dict[str, str]:
    told = {**job.env, **step.env}
    # The runner's own, and what an expression would have given.
    told = {name: re.sub(r"\$\{\{.*?\}\}", "an-expression", value) for name, value in told.items()}
    if "ENV" in told and told["ENV"] == "an-expression":
        told["ENV"] = "dev"
    exported = {"URL": "https://files.example.com"} if "export FILES_API_KEY URL" in step.run else {}
    return {**told, **exported}


@cache
def _expanded(job: str, words: str, told: tuple[tuple[str, str], ...]) -> subprocess.CompletedProcess[str]:
    arguments = [re.sub(r"\"?\$\{GITHUB_REF_NAME#v\}\"?", "1.2.3", word).strip('"') for word in words.split()]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "PYTHON", "CI"}
    }
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**environment, **dict(told)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("job", "step", "words"), _CALLS, ids=[f"{job}: {words}" for job, _, words in _CALLS]
)
def test_make_knows_it_and_lacks_nothing(job: Job, step: Step, words: str) -> None:
    done = _expanded(str(job), words, tuple(sorted(_environment(job, step).items())))

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("job", "target"), _MEANT, ids=[f"{job}: {target}" for job, target in _MEANT])
def test_it_comes_to_what_is_meant(job: str, target: str) -> None:
    ((found, step, words),) = [
        (one, step, words) for one, step, words in _CALLS if str(one) == job and words.split()[0] == target
    ]

    done = _expanded(str(found), words, tuple(sorted(_environment(found, step).items())))

    assert [part for part in _MEANT[job, target] if part not in done.stdout] == [], done.stdout + done.stderr


def test_what_a_step_tells_make_is_something_that_make_knows() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"\$\(([A-Z_]+)\)|\$\(if \$\(([A-Z_]+)\)", makefile)) | set(
        re.findall(r"^(?:ifdef |)([A-Z_]+)(?: \?=|$)", makefile, re.MULTILINE)
    )
    names = {name for found in known for name in (found if isinstance(found, tuple) else (found,))}
    told = {name for job, step, _ in _CALLS for name in _environment(job, step)}

    assert told - names - _READ_BY_PROGRAMS == set()


def test_the_image_s_job_publishes_nothing() -> None:
    (words,) = [words for job, _, words in _CALLS if str(job) == "main: image" and words.startswith("ami")]
    job, step = next((job, step) for job, step, one in _CALLS if one is words)

    done = _expanded(str(job), words, tuple(sorted(_environment(job, step).items())))

    # Its role may write no parameter; without an environment there is none to write.
    assert "--env" not in done.stdout, done.stdout
