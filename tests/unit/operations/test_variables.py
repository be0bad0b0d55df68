"""What is not in Git is kept beside the state, and found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from files_api.operations.errors import NotReadyError
from files_api.operations.naming import Environment
from files_api.operations.preflight import Place
from files_api.operations.variables import fetch, keep, key_of

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


def _checkout(folder: Path, content: str | None = None) -> Path:
    place = PROD.folder_in(folder)
    place.mkdir(parents=True)
    if content is not None:
        (place / "terraform.tfvars").write_text(content, encoding="utf-8")
    return folder


def test_they_are_beside_the_state_where_who_plans_may_read() -> None:
    assert key_of(PROD) == "files-api/prod/terraform.tfvars"


def test_what_one_keeps_another_one_fetches_to_the_byte(s3: S3Client, tmp_path: Path) -> None:
    mine = _checkout(tmp_path / "mine", 'region = "eu-central-1" # Größe\n')
    theirs = _checkout(tmp_path / "theirs")

    keep(s3, PLACE, PROD, mine)
    file = fetch(s3, PLACE, PROD, theirs)

    assert file == PROD.folder_in(theirs) / "terraform.tfvars"
    assert file.read_bytes() == (PROD.folder_in(mine) / "terraform.tfvars").read_bytes()


def test_fetching_twice_is_no_trouble(s3: S3Client, tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, "a = 1\n")
    keep(s3, PLACE, PROD, checkout)

    fetch(s3, PLACE, PROD, checkout)

    assert fetch(s3, PLACE, PROD, checkout).read_text(encoding="utf-8") == "a = 1\n"


def test_fetching_throws_nothing_away_that_somebody_has_written(s3: S3Client, tmp_path: Path) -> None:
    keep(s3, PLACE, PROD, _checkout(tmp_path / "mine", "a = 1\n"))
    other = _checkout(tmp_path / "theirs", "a = 2\n")

    with pytest.raises(NotReadyError, match="is here already and says something else"):
        fetch(s3, PLACE, PROD, other)

    assert (PROD.folder_in(other) / "terraform.tfvars").read_text(encoding="utf-8") == "a = 2\n"


def test_that_nobody_has_kept_any_is_said_with_the_way_out(s3: S3Client, tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"Nobody has kept .*make tf-variables ENV=prod KEEP=1"):
        fetch(s3, PLACE, PROD, _checkout(tmp_path))


def test_keeping_what_is_not_there_is_refused(s3: S3Client, tmp_path: Path) -> None:
    with pytest.raises(
        NotReadyError, match=r"terraform\.tfvars is not there: copy terraform\.tfvars\.example"
    ):
        keep(s3, PLACE, PROD, _checkout(tmp_path))


def test_each_environment_has_its_own(s3: S3Client, tmp_path: Path) -> None:
    keep(s3, PLACE, PROD, _checkout(tmp_path, "a = 1\n"))

    with pytest.raises(NotReadyError, match="Nobody has kept the variables of dev yet"):
        fetch(s3, PLACE, Environment("dev"), tmp_path)
