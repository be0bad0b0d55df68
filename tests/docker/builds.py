"""How images are built here: with this machine's own way to packages, which the image does not learn of."""

from __future__ import annotations

import os
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # it ships no types

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PIP = Path("/etc/pip.conf")


def secrets(folder: Path) -> dict[str, Path]:
    """What a build is told in confidence: certificates, and where the packages are, if this machine says so."""
    found = {"certificates": CERTIFICATES}
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL")
    if index:
        (folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n", encoding="utf-8")
        (folder / "uv.toml").write_text(f'[[index]]\nurl = "{index}"\ndefault = true\n', encoding="utf-8")
        found |= {"pip.conf": folder / "pip.conf", "uv.toml": folder / "uv.toml"}
    elif _PIP.exists():
        found["pip.conf"] = _PIP
    return found


def build_arguments(folder: Path) -> list[str]:
    """Say it to `docker build`."""
    # The host's network, which has the way to the packages; a bridge of the tests' own leads nowhere.
    return ["--network=host", *(f"--secret=id={name},src={file}" for name, file in secrets(folder).items())]


def compose_override(folder: Path) -> Path:
    """Say it to `docker compose`: a file that goes on top of compose.yaml."""
    given = secrets(folder)
    build = {"network": "host", "secrets": list(given)}
    file = folder / "compose.override.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "services": {name: {"build": build} for name in ("service", "aws", "openai", "load")},
                "secrets": {name: {"file": str(path)} for name, path in given.items()},
            }
        ),
        encoding="utf-8",
    )
    return file
