"""The names are those that Terraform gives: read from its files, since nothing else holds them together."""

from __future__ import annotations

import re

import pytest

from files_api.operations.naming import (
    BOOTSTRAP_STATE_KEY,
    ENVIRONMENTS,
    PROJECT,
    REPOSITORY,
    Environment,
    state_bucket,
)

_TERRAFORM = REPOSITORY / "terraform"


def _text(path: str) -> str:
    text = (_TERRAFORM / path).read_text(encoding="utf-8")
    return text.replace("${local.project}", PROJECT)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_its_folder(name: str) -> None:
    assert (Environment(name).folder_in(REPOSITORY) / "main.tf").is_file()


def test_the_bucket_of_states_is_the_one_that_bootstrap_makes() -> None:
    wanted = state_bucket("${local.account_id}", "${var.region}")

    assert f'bucket = "{wanted}"' in _text("bootstrap/state.tf")


def test_states_are_where_bootstrap_says() -> None:
    outputs = _text("bootstrap/outputs.tf")

    assert f'key          = "{BOOTSTRAP_STATE_KEY}"' in outputs
    assert f'key          = "{Environment("${environment}").state_key}"' in outputs


def test_images_are_read_from_the_parameters_that_are_written() -> None:
    named = re.search(r'name = "(/files-api/[^"]*/ami/[^"]*)"', _text("modules/compute/images.tf"))
    assert named is not None

    wanted = Environment("${var.environment}").ami_parameter(
        "${each.value.fleet}", "${each.value.architecture}"
    )
    assert named[1] == wanted


def test_groups_are_called_by_their_fleet() -> None:
    assert 'fleet => "${var.name}-${fleet}"' in _text("modules/compute/main.tf")
    assert Environment("dev").group("blue") == "files-api-dev-blue"
    assert Environment("dev").fleet_of("files-api-dev-blue") == "blue"


def test_only_production_is_protected() -> None:
    assert [name for name in ENVIRONMENTS if Environment(name).is_protected] == ["prod"]
