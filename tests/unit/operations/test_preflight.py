"""What is missing is said before anything is begun."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from files_api.operations import terraform
from files_api.operations.errors import NotReadyError
from files_api.operations.preflight import (
    Place,
    check_state_bucket,
    check_variables_in,
    find_place,
    has_state_bucket,
)

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Place("123456789012", "eu-central-1", "arn:aws:iam::123456789012:user/ada")


def _cloud(region: str | None = "eu-central-1", identity: Any = None, head: Exception | None = None) -> Any:
    def get_caller_identity() -> Any:
        if isinstance(identity, Exception):
            raise identity
        return {"Account": PLACE.account, "Arn": PLACE.caller}

    def head_bucket(**arguments: str) -> None:
        assert arguments == {"Bucket": PLACE.state_bucket, "ExpectedBucketOwner": PLACE.account}
        if head is not None:
            raise head

    return SimpleNamespace(
        region=region,
        sts=SimpleNamespace(get_caller_identity=get_caller_identity),
        s3=SimpleNamespace(head_bucket=head_bucket),
    )


def _refused(status: int, code: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "HeadBucket",
    )


def _terraform(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")


def test_it_is_known_who_asks_and_where() -> None:
    assert find_place(_cloud()) == PLACE


def test_no_region_is_said() -> None:
    with pytest.raises(NotReadyError, match="There is no region: set AWS_REGION"):
        find_place(_cloud(region=None))


def test_no_credentials_are_said() -> None:
    with pytest.raises(NotReadyError, match="no usable AWS credentials: sign in"):
        find_place(_cloud(identity=NoCredentialsError()))


def test_credentials_that_are_refused_are_said_with_the_reason() -> None:
    with pytest.raises(NotReadyError, match=r"were not accepted: .*ExpiredToken"):
        find_place(_cloud(identity=_refused(403, "ExpiredToken")))


def test_missing_variables_are_said_with_the_way_to_them(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"terraform\.tfvars is missing: copy terraform\.tfvars\.example"):
        check_variables_in(tmp_path, "eu-central-1")


@pytest.mark.parametrize("name", ["region", "aws_region"])
def test_variables_about_another_region_are_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "terraform.tfvars").write_text(f'{name} = "us-east-1"\n', encoding="utf-8")

    with pytest.raises(NotReadyError, match="is about us-east-1, and the credentials about eu-central-1"):
        check_variables_in(tmp_path, "eu-central-1")


@pytest.mark.parametrize("text", ['region = "eu-central-1"\n', 'replica_region = "us-east-1"\n', ""])
def test_variables_that_do_not_contradict_are_fine(tmp_path: Path, text: str) -> None:
    (tmp_path / "terraform.tfvars").write_text(text, encoding="utf-8")

    check_variables_in(tmp_path, "eu-central-1")


def test_a_bucket_that_is_not_there_leads_to_the_bootstrap() -> None:
    with pytest.raises(NotReadyError, match="run `make tf-bootstrap` once"):
        check_state_bucket(_cloud(head=_refused(404, "404")), PLACE)


def test_somebody_elses_bucket_is_said() -> None:
    with pytest.raises(NotReadyError, match=r"may not be used by .*ada, or is not account 123456789012's"):
        has_state_bucket(_cloud(head=_refused(403, "403")), PLACE)


def test_an_answer_that_says_nothing_of_the_bucket_is_passed_on() -> None:
    with pytest.raises(ClientError, match="SlowDown"):
        has_state_bucket(_cloud(head=_refused(503, "SlowDown")), PLACE)


@pytest.mark.parametrize("found", ["1.11.4", "1.12.0", "1.99.1"])
def test_a_terraform_that_fits_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    _terraform(tmp_path, monkeypatch, f'{{"terraform_version": "{found}"}}')

    assert terraform.version() == found


@pytest.mark.parametrize("found", ["1.10.5", "0.15.0", "2.0.0"])
def test_a_terraform_that_does_not_fit_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    _terraform(tmp_path, monkeypatch, f'{{"terraform_version": "{found}"}}')

    with pytest.raises(NotReadyError, match=rf"terraform is {found}, and 1\.11 or newer"):
        terraform.version()


def test_a_terraform_that_does_not_tell_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _terraform(tmp_path, monkeypatch, "Terraform v1.11.4")

    with pytest.raises(NotReadyError, match="does not tell its version"):
        terraform.version()


def test_no_terraform_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotReadyError, match="terraform is not installed"):
        terraform.version()
