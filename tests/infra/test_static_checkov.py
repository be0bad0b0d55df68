"""The checks of checkov, and what checkov itself lets pass: files that it cannot read, skips without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra import static_checkov
from tests.prerequisites import need

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def checkov() -> None:
    need([] if static_checkov.CHECKOV.exists() else ["checkov (make tools)"], "What checkov finds is")


OPEN_BUCKET = """
resource "aws_s3_bucket_public_access_block" "open" {
  bucket                  = "files"
  block_public_acls       = false
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
"""
#: What once hid a whole file: checkov's parser knows no tag of a single letter.
UNREADABLE = """
locals {
  text = <<-E
    text
  E
}
"""


def found(folder: Path, text: str, name: str = "main.tf") -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return static_checkov.problems_of(static_checkov.run(folder))


def test_a_failed_check_is_told_with_its_file_and_resource(tmp_path: Path) -> None:
    told = found(tmp_path, OPEN_BUCKET)

    assert any("main.tf:2: CKV_AWS_53 " in line for line in told)
    assert any("aws_s3_bucket_public_access_block.open" in line for line in told)


def test_a_skip_with_a_reason_passes(tmp_path: Path) -> None:
    skipped = OPEN_BUCKET.replace("{\n", "{\n  #checkov:skip=CKV_AWS_53:A test of this very check\n", 1)

    assert [line for line in found(tmp_path, skipped) if "CKV_AWS_53" in line] == []


@pytest.mark.parametrize("comment", ["", ":", ":TODO", ":not now"])
def test_a_skip_without_a_reason_fails(tmp_path: Path, comment: str) -> None:
    skipped = OPEN_BUCKET.replace("{\n", f"{{\n  #checkov:skip=CKV_AWS_53{comment}\n", 1)

    assert any("CKV_AWS_53 is skipped without a reason" in line for line in found(tmp_path, skipped))


def test_a_file_that_cannot_be_read_fails(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('locals {\n  text = "text"\n}\n', encoding="utf-8")

    assert any("broken.tf: could not be read" in line for line in found(tmp_path, UNREADABLE, "broken.tf"))


def test_tests_of_terraform_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('locals {\n  text = "text"\n}\n', encoding="utf-8")

    assert [line for line in found(tmp_path, UNREADABLE, "it.tftest.hcl") if "tftest" in line] == []
