"""The trigger that writes `aud` into Cognito's tokens: without it the service refuses every one of them."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_FOLDER = Path(__file__).parents[2] / "terraform/modules/access/cognito_trigger"


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"cognito_trigger_{name}", _FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_token_is_for_the_client_that_asked() -> None:
    # given what Cognito sends for client_credentials (V3_0), with metadata that the caller has written itself
    event: dict[str, Any] = {
        "version": "3",
        "triggerSource": "TokenGeneration_ClientCredentials",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789"},
        "request": {"scopes": ["files-api/files:read"], "clientMetadata": {"aud": "another"}},
        "response": {"claimsAndScopeOverrideDetails": None},
    }

    # when the trigger is asked
    answer = _loaded("trigger").handler(event, None)

    # then the client's ID is added, and nothing else is changed
    assert answer["response"] == {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {"claimsToAddOrOverride": {"aud": "1example23456789"}}
        }
    }
    assert answer["request"] == event["request"]


def test_what_is_no_event_is_no_token() -> None:
    with pytest.raises(KeyError):
        _loaded("trigger").handler({}, None)


def test_the_same_source_makes_the_same_package(tmp_path: Path) -> None:
    # when it is packed twice, somewhere that is not there yet
    pack = _loaded("package").pack
    for name in ("one", "two"):
        pack(_FOLDER / "trigger.py", tmp_path / name / "trigger.zip")

    # then both are the same, and hold what Lambda looks for: trigger.handler
    assert (tmp_path / "one/trigger.zip").read_bytes() == (tmp_path / "two/trigger.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one/trigger.zip") as package:
        assert package.namelist() == ["trigger.py"]
        assert package.read("trigger.py") == (_FOLDER / "trigger.py").read_bytes()
