"""The key in an SSM parameter, against moto inside of this process: no socket is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from files_api.adapters.openai_key import OpenAiKey
from files_api.adapters.ssm_parameters import ParameterUnreadableError, SsmParameters
from files_api.domain.errors import GenerationNotConfigured, GeneratorUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_ssm import SSMClient

NAME = "/files-api/openai-key"


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[SSMClient]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("ssm")


def put(ssm: SSMClient, value: str) -> None:
    ssm.put_parameter(Name=NAME, Value=value, Type="SecureString", Overwrite=True)


def test_a_secure_string_is_decrypted(ssm: SSMClient) -> None:
    put(ssm, "sk-one")

    assert SsmParameters().read(NAME) == "sk-one"


def test_a_missing_parameter_is_named(ssm: SSMClient) -> None:
    with pytest.raises(ParameterUnreadableError, match=f"{NAME}: ParameterNotFound"):
        SsmParameters().read(NAME)


def test_the_key_is_read_once_and_again_only_when_openai_refuses_it(ssm: SSMClient) -> None:
    put(ssm, "sk-one\n")
    key = OpenAiKey(None, NAME, SsmParameters().read)
    assert key.current() == "sk-one"

    put(ssm, "sk-two")

    assert key.current() == "sk-one"
    assert key.after_refusal("sk-one") == "sk-two"
    assert key.current() == "sk-two"
    assert key.after_refusal("sk-two") is None


def test_a_key_that_another_request_has_renewed_is_not_read_again() -> None:
    values = iter(["sk-one", "sk-two"])
    key = OpenAiKey(None, NAME, lambda _: next(values))
    key.current()
    key.after_refusal("sk-one")

    assert key.after_refusal("sk-one") == "sk-two"


def test_a_parameter_that_cannot_be_read_passes_for_now_and_is_logged_without_a_secret(
    ssm: SSMClient, caplog: pytest.LogCaptureFixture
) -> None:
    key = OpenAiKey(None, NAME, SsmParameters().read)

    with pytest.raises(GeneratorUnavailable):
        key.current()

    assert NAME in caplog.text
    put(ssm, "sk-one")
    assert key.current() == "sk-one"


@pytest.mark.parametrize("value", ["", " \n", "sk one", "sk-é"])
def test_what_cannot_stand_in_a_header_is_no_key(value: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(GenerationNotConfigured):
        OpenAiKey(value, None, None).current()

    assert not value.strip() or value not in caplog.text


def test_without_key_and_parameter_nothing_is_configured() -> None:
    with pytest.raises(GenerationNotConfigured):
        OpenAiKey(None, None, None).current()


def test_a_fixed_key_never_changes_and_shows_nowhere() -> None:
    key = OpenAiKey("sk-secret", None, None)

    assert key.after_refusal("sk-secret") is None
    assert "sk-secret" not in repr(key)
