"""The image: small, locked, nobody's root, and with nothing in it that production does not run."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.docker.builds import CERTIFICATES
from tests.docker.engine import BASE
from tests.docker.prerequisites import ROOT

if TYPE_CHECKING:
    from tests.docker.engine import Engine

MB = 1_000_000
#: What the service may add to its base; docs/docker.md says what it does add.
_MOST_MB = 135
_INSTALLED = """
import importlib.metadata, json
print(json.dumps({one.name.lower().replace("_", "-").replace(".", "-"): one.version
                  for one in importlib.metadata.distributions()}))
"""


def _inspect(engine: Engine, image: str) -> dict[str, Any]:
    (found,) = json.loads(engine.run("image", "inspect", image).stdout)
    known: dict[str, Any] = found
    return known


def _run(engine: Engine, image: str, *command: str, options: tuple[str, ...] = ()) -> str:
    return engine.run("run", "--rm", "--network=none", *options, image, *command).stdout


def test_it_runs_as_a_number_that_is_not_root(engine: Engine, image: str) -> None:
    assert _inspect(engine, image)["Config"]["User"] == "10001:10001"
    assert _run(engine, image, "id", "-u").strip() == "10001"


def test_nothing_in_it_can_be_written_by_who_it_runs_as(engine: Engine, image: str) -> None:
    found = _run(
        engine,
        image,
        "sh",
        "-c",
        "find / -xdev -writable ! -type l ! -path '/proc/*' ! -path '/dev/*' 2>/dev/null; true",
    )

    # What every Linux lets everybody write, and what a read-only root takes away.
    assert set(found.split()) - {"/tmp", "/var/tmp", "/run/lock", "/var/lock"} == set()


def test_nothing_in_it_lends_anybody_rights_by_the_service(engine: Engine, image: str) -> None:
    found = _run(engine, image, "sh", "-c", "find /opt -xdev -perm /6000")

    assert found == ""


def test_what_is_installed_is_what_is_locked(engine: Engine, image: str) -> None:
    lock = (ROOT / "requirements" / "service.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+?)(?: ;.*)? \\$", lock, re.MULTILINE))

    installed = json.loads(_run(engine, image, "python", "-c", _INSTALLED))

    assert installed.pop("files-api", None) is not None
    assert {name: version for name, version in installed.items() if locked.get(name) != version} == {}


@pytest.mark.parametrize(
    "module", ["moto", "locust", "pip", "uv", "files_api.devtools", "files_api.operations"]
)
def test_what_production_does_not_run_is_not_in_it(engine: Engine, image: str, module: str) -> None:
    code = f"import importlib.util as u; print(u.find_spec('{module}'))"

    assert _run(engine, image, "python", "-c", code).strip() == "None"


def test_gunicorn_reads_the_very_same_settings_as_everywhere(engine: Engine, image: str) -> None:
    here = hashlib.sha256((ROOT / "service/files_api/gunicorn.conf.py").read_bytes()).hexdigest()

    assert _run(engine, image, "sha256sum", "/opt/files-api/gunicorn.conf.py").split()[0] == here
    assert _inspect(engine, image)["Config"]["Cmd"] == [
        "gunicorn",
        "--config",
        "/opt/files-api/gunicorn.conf.py",
    ]


def test_it_says_what_it_is_and_of_which_commit(engine: Engine, image: str) -> None:
    config = _inspect(engine, image)["Config"]

    assert config["Labels"]["org.opencontainers.image.version"] == "1.2.3"
    assert config["Labels"]["org.opencontainers.image.revision"] == "abc123"
    assert "FILES_API_COMMIT=abc123" in config["Env"]


def test_it_tells_the_engine_how_to_see_whether_it_lives(engine: Engine, image: str) -> None:
    check = _inspect(engine, image)["Config"]["Healthcheck"]

    assert "/health/live" in check["Test"][-1]


def test_what_the_build_was_told_in_confidence_is_in_no_layer(engine: Engine, image: str) -> None:
    ours = hashlib.sha256(CERTIFICATES.read_bytes()).hexdigest()
    of_base, of_image = (
        _run(engine, name, "sha256sum", str(CERTIFICATES)).split()[0] for name in (BASE, image)
    )

    assert of_image == of_base
    assert ours != of_base or "certificates" not in engine.run("history", "--no-trunc", image).stdout
    assert _run(engine, image, "sh", "-c", "ls /etc/pip.conf /etc/uv 2>/dev/null; true") == ""


def test_it_is_small(engine: Engine, image: str) -> None:
    added = (_inspect(engine, image)["Size"] - _inspect(engine, BASE)["Size"]) / MB

    assert added < _MOST_MB


def test_the_docs_tell_its_size(engine: Engine, image: str) -> None:
    added = (_inspect(engine, image)["Size"] - _inspect(engine, BASE)["Size"]) / MB
    (told,) = re.findall(r"adds (\d+) MB", (ROOT / "docs" / "docker.md").read_text(encoding="utf-8"))

    # A few megabytes come and go with the versions of what it needs.
    assert int(told) == pytest.approx(added, rel=0.1)


def test_a_setting_that_is_missing_is_said_in_a_sentence(engine: Engine, image: str) -> None:
    done = engine.run("run", "--rm", "--network=none", image, check=False)

    assert done.returncode != 0
    assert done.stderr.startswith("files-api: FILES_API_ACCESS is missing")
