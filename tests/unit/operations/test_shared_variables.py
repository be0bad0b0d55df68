"""What is not in Git is kept beside the state, and found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from files_api.operations.errors import NotReadyError
from files_api.operations.naming import Environment
from files_api.operations.preflight import Place
from files_api.operations.shared_variables import fetch, keep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from types_boto3_s3 import S3Client

PLACE = Place("123456789012", "eu-central-1", "arn:aws:iam::123456789012:user/ada")
PROD = Environment("prod")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name=PLACE.region)
        client.create_bucket(
            Bucket=PLACE.state_bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield client


def _file(folder: Path, content: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "terraform.tfvars"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    return file


def test_they_are_beside_the_state_where_who_plans_may_read() -> None:
    assert PROD.variables_key == "files-api/prod/terraform.tfvars"


def test_what_one_keeps_another_one_fetches_to_the_byte(s3: S3Client, tmp_path: Path) -> None:
    mine = _file(tmp_path / "mine", 'region = "eu-central-1" # Größe\n')
    theirs = _file(tmp_path / "theirs")

    keep(s3, PLACE, PROD, mine)
    fetch(s3, PLACE, PROD, theirs)

    assert theirs.read_bytes() == mine.read_bytes()


def test_fetching_twice_is_no_trouble(s3: S3Client, tmp_path: Path) -> None:
    file = _file(tmp_path, "a = 1\n")
    keep(s3, PLACE, PROD, file)

    fetch(s3, PLACE, PROD, file)

    assert file.read_text(encoding="utf-8") == "a = 1\n"


def test_fetching_throws_nothing_away_that_somebody_has_written(s3: S3Client, tmp_path: Path) -> None:
    keep(s3, PLACE, PROD, _file(tmp_path / "mine", "a = 1\n"))
    other = _file(tmp_path / "theirs", "a = 2\n")

    with pytest.raises(NotReadyError, match="says something else than what is kept"):
        fetch(s3, PLACE, PROD, other)

    assert other.read_text(encoding="utf-8") == "a = 2\n"


def test_that_nobody_has_kept_any_is_said_with_the_way_out(s3: S3Client, tmp_path: Path) -> None:
    with pytest.raises(
        NotReadyError, match=r"No variables of prod are kept: `make tf-variables ENV=prod KEEP=1`"
    ):
        fetch(s3, PLACE, PROD, _file(tmp_path))


def test_keeping_what_is_not_there_is_refused(s3: S3Client, tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"terraform\.tfvars is missing"):
        keep(s3, PLACE, PROD, _file(tmp_path))


def test_each_environment_has_its_own(s3: S3Client, tmp_path: Path) -> None:
    keep(s3, PLACE, PROD, _file(tmp_path, "a = 1\n"))

    with pytest.raises(NotReadyError, match="No variables of dev are kept"):
        fetch(s3, PLACE, Environment("dev"), tmp_path / "terraform.tfvars")
