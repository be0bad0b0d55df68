"""From a commit to production: in which order, as whom, and with what was approved."""

from __future__ import annotations

import re

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from tests.pipeline.workflows import JOBS, ROOT, Job, read

MAIN = read("main").jobs
PULL_REQUEST = read("pull-request")
RELEASE = read("release").jobs
SCHEDULED = read("scheduled")


def _input_of(job: Job, action: str, name: str) -> object:
    return job.steps[job.index(action)].inputs.get(name)


def test_a_pull_request_is_linted_tested_and_planned() -> None:
    jobs = PULL_REQUEST.jobs

    assert {"lint", "lint-terraform", "lint-pipeline"} <= set(jobs["lint"].makes)
    assert jobs["test"].makes == ["test"]
    assert {"test-terraform", "test-policy", "test-infra"} <= set(jobs["infra"].makes)
    assert jobs["image"].steps[-1].run.endswith("make test-image")
    assert "tf-plan" in jobs["plan"].makes


def test_it_is_tested_with_each_python_that_is_promised() -> None:
    pythons = PULL_REQUEST.jobs["test"].data["strategy"]["matrix"]["python"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert pythons == promised == ["3.11", "3.12", "3.13"]


def test_a_plan_of_each_environment_is_posted() -> None:
    plan, comment = PULL_REQUEST.jobs["plan"], PULL_REQUEST.jobs["comment"]

    assert plan.data["strategy"]["matrix"]["environment"] == ["dev", "prod"]
    assert comment.needs == {"plan"}
    assert "gh pr comment" in comment.steps[-1].run


def test_a_fork_s_pull_request_is_never_planned() -> None:
    condition = PULL_REQUEST.jobs["plan"].data["if"]

    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert "||" not in condition


def test_pull_requests_take_on_no_role_but_the_one_that_reads_no_secret() -> None:
    assert {job.role for job in PULL_REQUEST.jobs.values()} == {None, "review"}


def test_production_comes_after_everything_else() -> None:
    assert MAIN["prod"].comes_after() == {"settings", "test", "wheel", "image", "dev", "plan"}


def test_dev_is_deployed_and_looked_at_before_prod_is_even_planned() -> None:
    assert "dev" in MAIN["plan"].needs
    assert MAIN["dev"].index("make deploy") < MAIN["dev"].index("make smoke")


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_environment_is_changed_by_a_job_of_github_s_environment_of_that_name_alone(name: str) -> None:
    deploys = [job for job in JOBS if {"tf-apply", "deploy"} & {words.split()[0] for words in job.makes}]

    assert [str(job) for job in deploys if job.environment == name] == [f"main: {name}"]
    assert MAIN[name].role == name


def test_everything_that_applies_says_its_environment() -> None:
    for job in JOBS:
        if {"tf-apply", "deploy"} & {words.split()[0] for words in job.makes}:
            assert job.environment == job.role == job.env["ENV"]


def test_the_plan_that_is_approved_is_the_one_that_is_applied() -> None:
    plan, prod = MAIN["plan"], MAIN["prod"]
    planned = plan.steps[plan.index("make tf-plan")].env["PLAN"]

    # Made before the approval, handed over as it is, and applied by its name: nothing is planned anew.
    assert plan.environment is None
    assert "plan" in prod.needs
    assert _input_of(plan, "actions/upload-artifact", "path") == planned
    assert _input_of(prod, "actions/download-artifact", "name") == _input_of(
        plan, "actions/upload-artifact", "name"
    )
    assert prod.steps[prod.index("make tf-apply")].env["PLAN"] == planned
    assert not [words for words in prod.makes if words.startswith("tf-plan")]


def test_the_plan_is_made_by_who_can_only_read() -> None:
    plan = MAIN["plan"]

    assert plan.role == "plan"
    assert plan.steps[plan.index("make tf-plan")].env["NO_LOCK"] == "1"


def test_prod_gets_the_very_images_that_dev_ran() -> None:
    images = {name: MAIN[name].steps[MAIN[name].index("make deploy")].env["AMI"] for name in ("dev", "prod")}

    assert set(images.values()) == {"${{ needs.image.outputs.ids }}"}
    assert [str(job) for job in JOBS if any(words.startswith("ami") for words in job.makes)] == [
        "main: image"
    ]


@pytest.mark.parametrize("name", ["image", "dev", "prod"])
def test_what_changes_aws_is_never_cut_off(name: str) -> None:
    assert MAIN[name].data["concurrency"]["cancel-in-progress"] is False


def test_deployments_of_an_environment_queue_up() -> None:
    assert {name: MAIN[name].data["concurrency"]["group"] for name in ("dev", "prod")} == {
        "dev": "dev",
        "prod": "prod",
    }


def test_a_token_lasts_as_long_as_a_deployment_is_followed() -> None:
    for name in ("dev", "prod"):
        seconds = _input_of(MAIN[name], "aws-actions/configure-aws-credentials", "role-duration-seconds")
        assert isinstance(seconds, int)
        assert seconds >= MAIN[name].data["timeout-minutes"] * 60


def test_where_no_account_is_named_nothing_of_aws_is_tried() -> None:
    for job in JOBS:
        if job.role is not None:
            # By itself, or since one that it needs was left out.
            chain = [job, *(job.workflow.jobs[name] for name in job.comes_after())]
            assert any(
                "needs.settings.outputs.account != ''" in str(one.data.get("if", "")) for one in chain
            ), job


def test_the_committed_account_is_none_or_a_real_one() -> None:
    lines = (ROOT / ".github" / "aws.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert settings.keys() == {"AWS_ACCOUNT_ID", "AWS_REGION"}
    assert re.fullmatch(r"(\d{12})?", settings["AWS_ACCOUNT_ID"])
    assert bool(settings["AWS_ACCOUNT_ID"]) == bool(settings["AWS_REGION"])


def test_a_release_has_a_changelog_a_wheel_and_an_image_with_provenance() -> None:
    container, publish = RELEASE["container"], RELEASE["publish"]

    assert {"release-check", "release-notes"} <= {words.split()[0] for words in RELEASE["check"].makes}
    assert "wheel" in RELEASE["wheel"].makes
    assert _input_of(container, "docker/build-push-action", "provenance") == "mode=max"
    assert _input_of(container, "docker/build-push-action", "push") is True
    assert publish.comes_after() == {"check", "wheel", "container"}
    assert "gh release create" in publish.steps[-1].run


def test_wheel_and_image_are_signed_without_a_key() -> None:
    assert "cosign sign-blob" in RELEASE["wheel"].steps[RELEASE["wheel"].index("cosign sign-blob")].run
    signs = RELEASE["container"].steps[RELEASE["container"].index("cosign sign --yes")]

    # What was built, by its digest and not by a name that can be moved.
    assert signs.env["IMAGE"].endswith("@${{ steps.build.outputs.digest }}")


def test_a_release_is_made_of_main_and_of_nothing_cached() -> None:
    assert (
        "git merge-base --is-ancestor" in RELEASE["check"].steps[RELEASE["check"].index("git merge-base")].run
    )
    assert _input_of(RELEASE["container"], "docker/build-push-action", "no-cache") is True


def test_drift_is_looked_for_every_night_with_a_role_that_reads() -> None:
    drift = SCHEDULED.jobs["drift"]
    nightly, weekly = (one["cron"] for one in SCHEDULED.events["schedule"])

    assert re.fullmatch(r"\d+ \d+ \* \* \*", nightly)
    assert f"github.event.schedule != '{weekly}'" in drift.data["if"]
    assert drift.role == "plan"
    assert "drift" in drift.makes


@pytest.mark.parametrize("name", ["lock", "rebuild", "load"])
def test_the_rest_is_done_every_week(name: str) -> None:
    nightly, weekly = (one["cron"] for one in SCHEDULED.events["schedule"])

    assert re.fullmatch(r"\d+ \d+ \* \* 1", weekly)
    assert f"github.event.schedule != '{nightly}'" in SCHEDULED.jobs[name].data["if"]


def test_the_load_test_presses_dev_and_spends_no_money_on_openai() -> None:
    load = SCHEDULED.jobs["load"]
    step = load.steps[load.index("make load")]

    assert load.environment == load.role == load.env["ENV"] == "dev"
    assert step.env["EXCLUDE_TAGS"] == "generation"


def test_newer_dependencies_are_a_week_old() -> None:
    lock = SCHEDULED.jobs["lock"]

    assert lock.steps[lock.index("make lock")].env == {"UPGRADE": "1", "UV_EXCLUDE_NEWER": "7 days"}


def test_what_is_proposed_is_checked_as_any_other_change() -> None:
    run = SCHEDULED.jobs["propose"].steps[-1].run

    assert "gh pr create" in run
    assert "gh workflow run pull-request.yml" in run
    assert "workflow_dispatch" in yaml.safe_load(PULL_REQUEST.text)[True]
