"""What Terraform made is what the service uses: it starts from the parameters and tags of the stack, and works."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.infra.emulated_aws import REGION, ROOT
from tests.integration.instance_metadata import InstanceMetadataService
from tests.integration.stack import OpenAi, Service

from files_api.environment_file import read_environment_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.infra.applied_stack import Stack

_SECONDS = 30


def _run(*arguments: str, environment: dict[str, str]) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _user_data(stack: Stack, instance_id: str) -> str:
    attribute = stack.ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
    return base64.b64decode(attribute["UserData"]["Value"]).decode()


@pytest.fixture
def settings_file(stack: Stack, tmp_path: Path) -> Path:
    """What `files-api-instance configure` writes on an instance that the group has launched."""
    instance: dict[str, Any] = stack.instances("blue")[0]
    # As cloud-init would write it.
    written = re.search(r"content: \|\n((?: {6}\S.*\n)+)", _user_data(stack, instance["InstanceId"]))
    assert written is not None
    instance_file = tmp_path / "instance"
    instance_file.write_text(re.sub(r"^ +", "", written[1], flags=re.MULTILINE), encoding="utf-8")
    settings = tmp_path / "environment"
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"] if not tag["Key"].startswith("aws:")}
    metadata = InstanceMetadataService(instance["InstanceId"], REGION, tags)
    try:
        _run(
            *("files_api.instance", "configure"),
            *("--metadata-endpoint", metadata.url),
            *("--instance-file", str(instance_file), "--settings-file", str(settings)),
            *("--group", _own_group()),
            environment=stack.aws.environment,
        )
    finally:
        metadata.stop()
    return settings


def _own_group() -> str:
    import grp  # noqa: PLC0415

    return grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def service(stack: Stack, settings_file: Path, openai_key: str) -> Iterator[Service]:
    openai = OpenAi()
    service = Service(
        {
            **stack.aws.environment,
            **read_environment_file(settings_file),
            # What listens on an instance, and not here: the agent. And OpenAI, which is never asked.
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
            # One: a second one that still loads when the test ends says nothing of the stack.
            "WEB_CONCURRENCY": "1",
            "OPENAI_BASE_URL": openai.url,
        }
    )
    yield service
    service.stop()
    openai.stop()


@pytest.fixture
def key(stack: Stack, settings_file: Path) -> str:
    """A key that an operator makes with the same settings."""
    return _run(
        *("files_api.cli", "--settings-file", str(settings_file)),
        # A client has one key; a fresh one for each test.
        *("keys", "create", f"tests-{uuid.uuid4().hex[:8]}", "--scope", "all"),
        environment=stack.aws.environment,
    ).strip()


def test_the_settings_are_those_of_the_stack(stack: Stack, settings_file: Path) -> None:
    settings = read_environment_file(settings_file)

    assert settings["FILES_API_ENVIRONMENT"] == stack.environment
    assert "keys" in settings["FILES_API_ACCESS"]
    # Every name in them is of something that is there.
    stack.aws.client("s3").head_bucket(Bucket=settings["FILES_API_BUCKET"])
    for table in ("FILES_API_KEYS_TABLE", "FILES_API_STATE_TABLE"):
        stack.aws.client("dynamodb").describe_table(TableName=settings[table])
    stack.ssm.get_parameter(Name=settings["FILES_API_OPENAI_KEY_PARAMETER"])
    groups = stack.aws.client("logs").describe_log_groups(
        logGroupNamePrefix=settings["FILES_API_AUDIT_LOG_GROUP"]
    )
    assert groups["logGroups"]
    assert settings_file.stat().st_mode & 0o777 == 0o640


def test_a_file_goes_in_out_and_away(stack: Stack, service: Service, settings_file: Path, key: str) -> None:
    url, headers = f"{service.url}/v1/files/a/b.txt", {"X-API-Key": key}
    assert requests.get(url, timeout=_SECONDS).status_code == 401
    assert requests.get(f"{service.url}/health/deep", timeout=_SECONDS).status_code == 200

    made = requests.put(url, data=b"made by Terraform", headers=headers, timeout=_SECONDS)
    got = requests.get(url, headers=headers, timeout=_SECONDS)
    listed = requests.get(f"{service.url}/v1/files?directory=a", headers=headers, timeout=_SECONDS)

    assert (made.status_code, got.status_code, got.content) == (201, 200, b"made by Terraform")
    assert [file["file_path"] for file in listed.json()["files"]] == ["a/b.txt"]
    bucket = read_environment_file(settings_file)["FILES_API_BUCKET"]
    keys = stack.aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in keys if one["Key"].endswith("a/b.txt")]
    assert requests.delete(url, headers=headers, timeout=_SECONDS).status_code == 204
    assert requests.get(url, headers=headers, timeout=_SECONDS).status_code == 404


def test_the_key_for_openai_is_the_one_that_an_operator_has_put(
    stack: Stack, service: Service, settings_file: Path, key: str, openai_key: str
) -> None:
    made = requests.post(
        f"{service.url}/v1/files/generated",
        json={"file_path": "poem.txt", "file_type": "Text", "prompt": "A haiku."},
        headers={"X-API-Key": key},
        timeout=_SECONDS,
    )

    assert made.status_code == 201, made.text
    assert openai_key not in settings_file.read_text(encoding="utf-8")
    assert openai_key not in "\n".join(service.log.lines)
