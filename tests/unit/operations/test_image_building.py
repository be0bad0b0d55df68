"""What Packer says that it has built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from files_api.operations.errors import OperationError
from files_api.operations.image_building import images_in

if TYPE_CHECKING:
    from pathlib import Path


def _manifest(folder: Path, builds: list[dict[str, Any]], last: str = "run-2") -> Path:
    file = folder / "manifest.json"
    file.write_text(json.dumps({"builds": builds, "last_run_uuid": last}), encoding="utf-8")
    return file


def _build(artifact: str, run: str = "run-2") -> dict[str, Any]:
    return {"name": "files-api", "artifact_id": artifact, "packer_run_uuid": run}


def test_the_id_stands_behind_the_region(tmp_path: Path) -> None:
    assert images_in(_manifest(tmp_path, [_build("eu-central-1:ami-1")])) == ["ami-1"]


def test_there_may_be_several(tmp_path: Path) -> None:
    builds = [_build("eu-central-1:ami-1"), _build("eu-central-1:ami-2,us-east-1:ami-3")]

    assert images_in(_manifest(tmp_path, builds)) == ["ami-1", "ami-2", "ami-3"]


def test_only_the_last_run_counts(tmp_path: Path) -> None:
    builds = [_build("eu-central-1:ami-old", "run-1"), _build("eu-central-1:ami-new")]

    assert images_in(_manifest(tmp_path, builds)) == ["ami-new"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"builds": [{}], "last_run_uuid": "x"}', "null"])
def test_a_manifest_that_does_not_tell_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(OperationError, match="does not tell what was built"):
        images_in(file)


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="does not tell what was built"):
        images_in(tmp_path / "manifest.json")


def test_a_run_without_an_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="names no image"):
        images_in(_manifest(tmp_path, [_build("eu-central-1:ami-old", "run-1")]))
