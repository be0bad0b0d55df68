"""Where a bucket is (`adapters.s3.endpoint`): where boto3 says."""

from __future__ import annotations

import pytest
from boto3.session import Session

from files_api.adapters.s3.endpoint import Endpoint, find_endpoint
from files_api.settings import Settings


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    for name in (
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
    ):
        monkeypatch.delenv(name, raising=False)


def found(region: str | None, **settings: str) -> Endpoint:
    return find_endpoint(
        Session(region_name=region),
        Settings.from_env({"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "open", **settings}),
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "files.s3.eu-central-1.amazonaws.com"),
        ("cn-north-1", "files.s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "files.s3.us-gov-west-1.amazonaws.com"),
    ],
)
def test_at_amazon_the_bucket_is_a_host(region: str, host: str) -> None:
    assert found(region) == Endpoint("https", host, 443, "/", region)


def test_without_a_region_it_is_signed_for_the_first_one() -> None:
    assert found(None).region == "us-east-1"


def test_a_bucket_with_dots_is_a_folder_since_no_certificate_would_fit() -> None:
    endpoint = found("eu-central-1", FILES_API_BUCKET="my.files")

    assert (endpoint.host, endpoint.path) == ("s3.eu-central-1.amazonaws.com", "/my.files/")


def test_at_another_server_the_bucket_is_a_folder() -> None:
    endpoint = found("us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:9000")

    assert endpoint == Endpoint("http", "127.0.0.1", 9000, "/files/", "us-east-1")


def test_fips_and_dual_stack_are_boto3s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")

    assert found("us-east-1").host == "files.s3-fips.dualstack.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        (Endpoint("https", "s3.example", 443, "/", "r"), "s3.example"),
        (Endpoint("https", "s3.example", 9000, "/", "r"), "s3.example:9000"),
        (Endpoint("http", "::1", 9000, "/", "r"), "[::1]:9000"),
    ],
)
def test_host_and_port_are_written_as_the_host_field_has_them(endpoint: Endpoint, authority: str) -> None:
    assert endpoint.authority == authority


def test_the_bucket_itself_has_a_target() -> None:
    assert [Endpoint("http", "h", 80, path, "r").bucket_target for path in ("/", "/files/")] == [
        "/",
        "/files",
    ]
