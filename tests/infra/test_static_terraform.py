"""What looks at Terraform without an account: finds the provider, finds what is wrong, and leaves nothing behind."""

from __future__ import annotations

import platform
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.infra import static_terraform
from tests.prerequisites import need_program

if TYPE_CHECKING:
    from pathlib import Path

GOOD = 'variable "name" {\n  type = string\n}\n'
#: For a module without a provider nothing is fetched.
TEST = """\
variables {
  name = "a"
}

run "it" {
  command = plan

  assert {
    condition     = var.name == "%s"
    error_message = "another name"
  }
}
"""


@pytest.fixture
def terraform() -> None:
    need_program("terraform", "Running a module's tests is", bring="from HashiCorp, 1.11 or newer")


needs_terraform = pytest.mark.usefixtures("terraform")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A repository with one module."""
    module = tmp_path / "terraform/modules/it"
    (module / "tests").mkdir(parents=True)
    (tmp_path / "observability").mkdir()
    (module / "main.tf").write_text(GOOD, encoding="utf-8")
    (module / "tests/it.tftest.hcl").write_text(TEST % "a", encoding="utf-8")
    return tmp_path


def snapshot(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@needs_terraform
def test_what_is_right_passes_and_nothing_is_left_among_the_sources(sources: Path) -> None:
    before = snapshot(sources)

    assert static_terraform.lint(sources) == []
    assert static_terraform.run_tests(sources) == []
    assert snapshot(sources) == before


@needs_terraform
def test_a_file_that_is_not_formatted_is_told(sources: Path) -> None:
    (sources / "terraform/modules/it/main.tf").write_text(GOOD.replace("  type", "type"), encoding="utf-8")

    (told,) = static_terraform.lint(sources)
    assert "terraform fmt -recursive terraform" in told
    assert "modules/it/main.tf" in told


@needs_terraform
def test_a_configuration_that_does_not_hold_together_is_told(sources: Path) -> None:
    (sources / "terraform/modules/it/outputs.tf").write_text(
        'output "it" {\n  value = var.other\n}\n', encoding="utf-8"
    )

    (told,) = static_terraform.lint(sources)
    assert told.startswith("terraform/modules/it: ")
    assert "undeclared input variable" in told


@needs_terraform
def test_a_test_that_fails_is_told(sources: Path) -> None:
    (sources / "terraform/modules/it/tests/it.tftest.hcl").write_text(TEST % "b", encoding="utf-8")

    (told,) = static_terraform.run_tests(sources)
    assert "another name" in told


def test_a_module_without_tests_is_told(sources: Path) -> None:
    shutil.rmtree(sources / "terraform/modules/it/tests")

    assert static_terraform.run_tests(sources) == ["terraform/modules/it has no tests."]


# The provider


def mirror_for(folder: Path, target: str) -> Path:
    (folder / "registry.terraform.io/hashicorp/aws/5.100.0" / target).mkdir(parents=True)
    return folder


def test_a_mirror_for_this_machine_is_found(tmp_path: Path) -> None:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    mirror = mirror_for(tmp_path / "deep/mirror", f"{platform.system().lower()}_{machine}")

    assert static_terraform.find_mirror([tmp_path / "missing", tmp_path]) == mirror


def test_a_mirror_for_another_machine_is_none(tmp_path: Path) -> None:
    mirror_for(tmp_path, "plan9_386")

    assert static_terraform.find_mirror([tmp_path]) is None


def test_whoever_has_a_configuration_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.rc"
    own.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))

    assert static_terraform.environment_for_terraform(tmp_path)["TF_CLI_CONFIG_FILE"] == str(own)


def test_with_a_mirror_the_provider_comes_from_it_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.setattr(static_terraform, "find_mirror", lambda: tmp_path / "mirror")

    environment = static_terraform.environment_for_terraform(tmp_path)

    written = (tmp_path / "terraform.rc").read_text(encoding="utf-8")
    assert environment["TF_CLI_CONFIG_FILE"] == str(tmp_path / "terraform.rc")
    assert f'path    = "{tmp_path}/mirror"' in written
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in written
