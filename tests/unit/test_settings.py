"""Settings: read once, checked, and documented (`settings`)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from marshmallow import fields as ma

from files_api.settings import Settings, SettingsError, SettingsSchema

DOCUMENT = Path(__file__).parents[2] / "docs/settings.md"
NAMES = sorted(str(field.data_key) for field in SettingsSchema().fields.values())
NUMBERS = sorted(
    str(field.data_key) for field in SettingsSchema().fields.values() if isinstance(field, ma.Number)
)


def settings(**environ: str) -> Settings:
    return Settings.from_env({"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "open", **environ})


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT.read_text(encoding="utf-8")


def test_nothing_is_documented_that_is_no_setting() -> None:
    rows = re.findall(r"^\| ?`([A-Z][A-Z0-9_]+)`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert set(rows) <= {
        *NAMES,
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
    }


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: "many"})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e999"])
def test_a_number_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{name: value})


def test_a_missing_bucket_is_named() -> None:
    with pytest.raises(SettingsError, match="FILES_API_BUCKET"):
        Settings.from_env({"FILES_API_ACCESS": "open"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILES_API_BUCKET", ""),
        ("FILES_API_BUCKET", "Not_A_Bucket"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("WEB_CONCURRENCY", "0"),
        ("FILES_API_MAX_FILE_BYTES", "5GiB"),
        ("FILES_API_MAX_FILE_BYTES", "0"),
        ("FILES_API_MAX_FILE_BYTES", str(2**60)),
        ("FILES_API_PART_SIZE_BYTES", "1024"),
        ("FILES_API_HEADER_TIMEOUT_SECONDS", "soon"),
        ("FILES_API_BODY_TIMEOUT_SECONDS", "-1"),
        ("FILES_API_REQUEST_DEADLINE_SECONDS", "nan"),
        ("AWS_ENDPOINT_URL", "localhost:9000"),
        ("OPENAI_BASE_URL", "ftp://a"),
        ("FILES_API_CORS_ORIGINS", "app.example.com"),
        ("FILES_API_CORS_ORIGINS", "https://a.example/"),
        ("FILES_API_LOG_LEVEL", "LOUD"),
        ("FILES_API_TEXT_MODELS", ","),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} [^\n]+\.$"):
        settings(**{name: value})


def test_an_empty_value_is_no_value() -> None:
    assert settings(PORT="").port == 8000


def test_names_of_others_do_not_matter() -> None:
    assert settings(HOME="/root", FILES_API_UNHEARD_OF="x").bucket == "files"


def test_origins_are_separated_by_commas() -> None:
    assert settings(FILES_API_CORS_ORIGINS=" https://a.example , http://localhost:3000,").cors_origins == (
        "https://a.example",
        "http://localhost:3000",
    )


def test_the_default_of_the_largest_file_is_5_gib() -> None:
    assert settings().max_file_bytes == 5 * 1024**3


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        settings().port = 1  # type: ignore[misc]
