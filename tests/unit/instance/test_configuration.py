"""What the service on an instance is told (`instance.configuration`)."""

from __future__ import annotations

import pytest

from files_api.instance.configuration import (
    ConfigurationError,
    InstanceFile,
    instance_file,
    settings_of,
    unknown_settings,
)

FILE = {"ENVIRONMENT": "dev", "AWS_REGION": "eu-central-1", "PARAMETERS": "/files-api/dev"}
INSTANCE = InstanceFile("dev", "eu-central-1", "/files-api/dev")
TAGS = {"Name": "files-api-dev-blue", "Environment": "dev"}
PARAMETERS = {"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "keys", "FILES_API_KEYS_TABLE": "keys"}


def test_the_file_says_where_the_instance_belongs() -> None:
    found = instance_file({**FILE, "SETTINGS_DIGEST": "0123"})

    assert found == INSTANCE
    assert found.settings_path == "/files-api/dev/settings"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", ""),
        ("ENVIRONMENT", "Dev 1"),
        ("AWS_REGION", ""),
        ("AWS_REGION", "Frankfurt"),
        ("PARAMETERS", ""),
        ("PARAMETERS", "files-api/dev"),
        ("PARAMETERS", "/files-api/dev/"),
        ("PARAMETERS", "/"),
    ],
)
def test_a_file_with_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} must be .+, such as .+\.$"):
        instance_file({**FILE, name: value})


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])
def test_regions_of_all_partitions_are_taken(region: str) -> None:
    assert instance_file({**FILE, "AWS_REGION": region}).region == region


def test_settings_are_the_parameters_with_what_the_instance_knows() -> None:
    assert settings_of(INSTANCE, TAGS, PARAMETERS) == {
        **PARAMETERS,
        "AWS_REGION": "eu-central-1",
        "FILES_API_ENVIRONMENT": "dev",
    }


def test_a_parameter_wins_over_the_region_of_the_instance() -> None:
    assert settings_of(INSTANCE, TAGS, {**PARAMETERS, "AWS_REGION": "eu-west-1"})["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(
    "name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OPENAI_BASE_URL", "PORT", "WEB_CONCURRENCY"]
)
def test_settings_of_others_that_the_service_reads_are_taken(name: str) -> None:
    value = "http://127.0.0.1:4318" if name.endswith(("ENDPOINT", "URL")) else "4"

    assert settings_of(INSTANCE, TAGS, {**PARAMETERS, name: value})[name] == value


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PYTHONPATH", "PATH", "GUNICORN_CMD_ARGS", "BASH_ENV"])
def test_what_would_run_something_else_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} is no setting of the service\.$"):
        settings_of(INSTANCE, TAGS, {**PARAMETERS, name: "x"})


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_secrets_are_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is a secret") as refused:
        settings_of(INSTANCE, TAGS, {**PARAMETERS, name: "hush"})

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("name", ["files_api_bucket", "FILES-API", "1A", ""])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the name of a setting"):
        settings_of(INSTANCE, TAGS, {**PARAMETERS, name: "x"})


def test_what_the_service_would_not_start_with_is_refused_in_its_own_words() -> None:
    with pytest.raises(ConfigurationError, match=r"^FILES_API_BUCKET is missing: .+\.$"):
        settings_of(INSTANCE, TAGS, {"FILES_API_ACCESS": "open"})


def test_no_parameters_at_all_are_no_configuration() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^There are no parameters under /files-api/dev/settings\.$"
    ):
        settings_of(INSTANCE, TAGS, {})


@pytest.mark.parametrize("tags", [{}, {"Environment": "prod"}])
def test_an_instance_of_another_environment_is_refused(tags: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="tag Environment"):
        settings_of(INSTANCE, tags, PARAMETERS)


def test_settings_of_another_environment_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="FILES_API_ENVIRONMENT is 'prod' in 'dev'"):
        settings_of(INSTANCE, TAGS, {**PARAMETERS, "FILES_API_ENVIRONMENT": "prod"})


def test_a_setting_that_this_image_does_not_know_is_named_and_taken() -> None:
    # It may be one of the next release, whose image was rolled back.
    settings = settings_of(INSTANCE, TAGS, {**PARAMETERS, "FILES_API_NEXT": "1"})

    assert settings["FILES_API_NEXT"] == "1"
    assert unknown_settings(settings) == ["FILES_API_NEXT"]


def test_all_settings_of_the_service_are_known() -> None:
    assert unknown_settings(settings_of(INSTANCE, TAGS, PARAMETERS)) == []
