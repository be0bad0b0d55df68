"""All that the service does with AWS, done once: what a role must be enough for."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import uuid
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from tests.infra import role_terraform as names
from tests.infra.emulated_aws import own_environment
from tests.integration.stack import Service, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.infra.role_aws import RoleAws
    from tests.integration.stack import OpenAi

COMMAND = Path(sys.executable).with_name("files-api")
PART_BYTES = 5 * 1024 * 1024
_SECONDS = 30
_OK, _CREATED, _NO_CONTENT = 200, 201, 204


def settings_of(
    aws: RoleAws, stack: Mapping[str, Any], credentials: Mapping[str, str], openai: OpenAi
) -> dict[str, str]:
    """The service's settings, from what Terraform has made."""
    storage, access = stack["storage"], stack["access"]
    return {
        **own_environment(),
        **credentials,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": names.REGION,
        "FILES_API_ACCESS": "keys",
        "FILES_API_AUDIT_LOG_GROUP": names.AUDIT_LOG_GROUP,
        "FILES_API_BUCKET": storage["files_bucket"],
        "FILES_API_ENVIRONMENT": names.ENVIRONMENT,
        "FILES_API_KEYS_TABLE": storage["keys_table"],
        "FILES_API_STATE_TABLE": storage["state_table"],
        "FILES_API_OPENAI_KEY_PARAMETER": access["openai_key_parameter"],
        "FILES_API_PART_SIZE_BYTES": str(PART_BYTES),
        "FILES_API_SHUTDOWN_GRACE_SECONDS": "5",
        "OPENAI_BASE_URL": openai.url,
    }


def travel(aws: RoleAws, settings: Mapping[str, str], openai: OpenAi) -> None:
    """Hand out a key, use everything with it, take it back. Whatever does not succeed fails."""
    client = f"traveller-{uuid.uuid4().hex}"
    key = _keys(settings, "create", client, "--scope", "all")
    service = Service(settings)
    try:
        caller = _Caller(service, key)
        caller.keep_small_files()
        caller.keep_a_large_file()
        caller.generate(openai)
        caller.is_well()
        caller.is_refused_without_a_key()
        wait_until(lambda: _audited(aws) >= 1, "the audit log")
    finally:
        service.stop()
    second = _keys(settings, "rotate", client, "--old-expires-in", "2h", "--expires-in", "1h")
    # The old one ends before the day is over that it would have: that is only looked at.
    _keys(settings, "disable", key)
    third = _keys(settings, "rotate", client, "--expires-in", "1h")
    _keys(settings, "list")
    for each in (third, second):
        _keys(settings, "delete", "--yes", each)


class _Caller:
    """A client of the service, with a key."""

    def __init__(self, service: Service, key: str) -> None:
        self._url = service.url
        self._key = key
        self._prefix = uuid.uuid4().hex

    def _ask(self, method: str, path: str, expected: int, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._key}", **options.pop("headers", {})}
        answer = requests.request(
            method, f"{self._url}{path}", headers=headers, timeout=_SECONDS, allow_redirects=False, **options
        )
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def keep_small_files(self) -> None:
        path = f"/v1/files/{self._prefix}/small.txt"
        self._ask("PUT", path, _CREATED, data=b"small", headers={"If-None-Match": "*"})
        assert self._ask("GET", path, _OK).content == b"small"
        self._ask("HEAD", path, _OK)
        self._ask("GET", f"/v1/files?directory={self._prefix}", _OK)
        elsewhere = self._ask("GET", f"{path}?redirect=true", 307).headers["Location"]
        assert requests.get(elsewhere, timeout=_SECONDS).content == b"small"
        self._ask("GET", f"/v1/files/{self._prefix}/none.txt", 404)
        self._ask("DELETE", path, _NO_CONTENT)

    def keep_a_large_file(self) -> None:
        path, body = f"/v1/files/{self._prefix}/large", bytes(2 * PART_BYTES + 1)
        digest = b64encode(hashlib.sha256(body).digest()).decode()
        self._ask("PUT", path, _CREATED, data=body)
        answer = self._ask("HEAD", path, _OK, headers={"Want-Repr-Digest": "sha-256=1"})
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        # Parts that do not become a file are given back.
        self._ask(
            "PUT", f"{path}-wrong", 400, data=body + b"more", headers={"Repr-Digest": f"sha-256=:{digest}:"}
        )

    def generate(self, openai: OpenAi) -> None:
        wanted = {"file_path": f"{self._prefix}/poem.txt", "file_type": "Text", "prompt": "A haiku."}
        once = {"Idempotency-Key": self._prefix}
        self._ask("POST", "/v1/files/generated", _CREATED, json=wanted, headers=once)
        self._ask("POST", "/v1/files/generated", _CREATED, json=wanted, headers=once)
        # One that fails gives its Idempotency-Key back.
        url = urlsplit(openai.url)
        fault: dict[str, Any] = {"mode": "content_policy", "times": 1}
        requests.post(f"{url.scheme}://{url.netloc}/_standin/mode", json=fault, timeout=_SECONDS)
        again = {**wanted, "file_path": f"{self._prefix}/other.txt"}
        failed = requests.post(
            f"{self._url}/v1/files/generated",
            json=again,
            headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": f"{self._prefix}-2"},
            timeout=_SECONDS,
        )
        assert 400 <= failed.status_code < 500, failed.text

    def is_well(self) -> None:
        checks = self._ask("GET", "/health/deep", _OK).json()["checks"]
        assert checks.keys() == {"s3", "openai", "dynamodb"}

    def is_refused_without_a_key(self) -> None:
        assert requests.get(f"{self._url}/v1/files", timeout=_SECONDS).status_code == 401


def _keys(settings: Mapping[str, str], *arguments: str) -> str:
    """`files-api keys`, as an operator in a session on the instance: with the instance's credentials."""
    ended = subprocess.run(
        [str(COMMAND), "keys", *arguments],
        env=dict(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"files-api keys {' '.join(arguments)}: {ended.stderr}"
    return ended.stdout.strip()


def _audited(aws: RoleAws) -> int:
    return len(aws.client("logs").filter_log_events(logGroupName=names.AUDIT_LOG_GROUP)["events"])
