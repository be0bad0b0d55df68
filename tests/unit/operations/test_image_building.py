"""What Packer says that it has built."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from files_api.operations.errors import NotReadyError, OperationError
from files_api.operations.image_building import build, identity_of, images_in

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


def _checkout(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "Begin")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=environment)
    return folder


def test_an_image_says_what_it_was_built_of(tmp_path: Path) -> None:
    identity = identity_of(_checkout(tmp_path))

    assert identity["service_version"] == "1.2.3"
    assert re.fullmatch("[0-9a-f]{40}", identity["commit"])


def test_what_is_not_committed_is_not_built(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path)
    (checkout / "new.py").write_text("", encoding="utf-8")

    with pytest.raises(NotReadyError, match="changes that are not committed"):
        identity_of(checkout)


def test_what_is_no_checkout_is_not_built(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")

    with pytest.raises(NotReadyError, match="Git cannot tell which commit"):
        identity_of(tmp_path)


def test_packer_is_run_where_its_templates_are_and_its_images_are_those_of_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, manifest = tmp_path / "packer", tmp_path / ".run" / "manifest.json"
    folder.mkdir()
    _manifest(tmp_path, [_build("eu-central-1:ami-1")]).rename(tmp_path / "made.json")
    program = tmp_path / "packer-program" / "packer"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$PWD $*" >> {tmp_path}/calls\n[ "$1" = init ] || cp {tmp_path}/made.json {manifest}\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    made = build(folder, manifest, {"region": "eu-central-1"})

    assert made == ["ami-1"]
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == [
        f"{folder} init .",
        f"{folder} build -color=false -var=region=eu-central-1 .",
    ]


def test_a_build_that_fails_is_an_error_and_an_old_manifest_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = _manifest(tmp_path, [_build("eu-central-1:ami-old")])
    program = tmp_path / "bin" / "packer"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = init ]\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    with pytest.raises(OperationError, match="packer build failed with status 1"):
        build(tmp_path, manifest, {})

    assert not manifest.exists()


def test_no_packer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotReadyError, match="packer is not installed"):
        build(tmp_path, tmp_path / "manifest.json", {})
