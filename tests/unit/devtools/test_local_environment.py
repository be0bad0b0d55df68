"""Nothing of the caller's real services reaches what `make run` starts; the caller's settings do."""

from __future__ import annotations

import os

import pytest

from files_api.devtools.local_environment import StandIns, service_environment, without_foreign_services
from files_api.settings import Settings, SettingsError

STAND_INS = StandIns("http://127.0.0.1:5000", "http://127.0.0.1:5001/v1")


def environment(**ambient: str) -> dict[str, str]:
    return service_environment(ambient, host="127.0.0.1", port=18080, stand_ins=STAND_INS, commit="abc")


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ROLE_ARN",
        "OPENAI_ORG_ID",
        "FILES_API_OPENAI_KEY_PARAMETER",
        "FILES_API_SPEECH_BASE_URL",
    ],
)
def test_what_names_a_real_service_is_dropped(name: str) -> None:
    assert name not in environment(**{name: "production"})


def test_the_stand_ins_take_the_place_of_what_was_named() -> None:
    settings = Settings.from_env(
        environment(FILES_API_BUCKET="production", OPENAI_API_KEY="real", OPENAI_BASE_URL="https://a.example")
    )
    assert (settings.bucket, settings.openai_api_key, settings.openai_base_url, settings.port) == (
        "files",
        "local",
        STAND_INS.openai_url,
        18080,
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_this_machine_alone_everybody_may_come_in(host: str) -> None:
    made = service_environment({}, host=host, port=18080, stand_ins=STAND_INS, commit=None)

    assert Settings.from_env(made).access == ("open",)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "files.example.com"])
def test_where_others_can_reach_it_access_has_to_be_said(host: str) -> None:
    made = service_environment({}, host=host, port=18080, stand_ins=STAND_INS, commit=None)

    with pytest.raises(SettingsError, match=r"^FILES_API_ACCESS is missing"):
        Settings.from_env(made)


def test_what_is_said_of_access_holds() -> None:
    assert Settings.from_env(environment(FILES_API_ACCESS="keys")).access == ("keys",)


def test_other_settings_pass() -> None:
    settings = Settings.from_env(
        environment(
            FILES_API_MAX_FILE_BYTES="3", FILES_API_SHUTDOWN_GRACE_SECONDS="1", FILES_API_COMMIT="mine"
        )
    )
    assert (settings.max_file_bytes, settings.shutdown_grace_seconds, settings.commit) == (3, 1, "mine")


def test_files_of_the_home_directory_are_not_read() -> None:
    kept = without_foreign_services({"AWS_CONFIG_FILE": "/home/me/.aws/config", "HOME": "/home/me"})
    assert kept["AWS_CONFIG_FILE"] == kept["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert kept["HOME"] == "/home/me"


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_stands_between_parts_on_one_machine(name: str) -> None:
    assert without_foreign_services({name: "corp.example"})["no_proxy"] == "corp.example,127.0.0.1,localhost"
