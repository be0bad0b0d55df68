"""The environment of the service that `make run` starts: everything in it is on this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from files_api.devtools.local_s3 import ACCESS_KEY_ID, KEYS_TABLE, REGION, SECRET_ACCESS_KEY, STATE_TABLE
from files_api.setting_kinds import OPEN, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKET = "files"

# What could lead to real services, with real keys: endpoints, profiles, roles, organisations.
_FOREIGN_PREFIXES = ("AWS_", "OPENAI_")
_FOREIGN_NAMES = frozenset(
    {
        "FILES_API_OPENAI_KEY_PARAMETER",
        "FILES_API_TEXT_BASE_URL",
        "FILES_API_IMAGE_BASE_URL",
        "FILES_API_SPEECH_BASE_URL",
    }
)


class StandIns(NamedTuple):
    """Where the stand-ins for the real services answer."""

    s3_url: str
    openai_url: str


def without_foreign_services(ambient: Mapping[str, str]) -> dict[str, str]:
    """Drop what names AWS, OpenAI or another server; keep the rest, the service's other settings included."""
    kept = {
        name: value
        for name, value in ambient.items()
        if not name.startswith(_FOREIGN_PREFIXES) and name not in _FOREIGN_NAMES
    }
    # No file in the home directory, no instance role.
    kept["AWS_CONFIG_FILE"] = kept["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    kept["AWS_EC2_METADATA_DISABLED"] = "true"
    # A proxy for the way out must not be asked for the way to this very machine.
    not_by_proxy = ambient.get("no_proxy") or ambient.get("NO_PROXY", "")
    kept["no_proxy"] = kept["NO_PROXY"] = ",".join(filter(None, [not_by_proxy, "127.0.0.1", "localhost"]))
    return kept


def service_environment(
    ambient: Mapping[str, str], *, host: str, port: int, stand_ins: StandIns, commit: str | None
) -> dict[str, str]:
    """Give the whole environment of the service.

    Args:
        ambient: The caller's environment. Its settings (`FILES_API_MAX_FILE_BYTES`, `FILES_API_LOG_LEVEL`, …) hold,
            except those that would lead to real services.
        host: The address to listen on.
        port: The port to listen on.
        stand_ins: What answers instead of AWS and OpenAI.
        commit: What `/version` tells, when it is known and nothing else is asked for.
    """
    environment = without_foreign_services(ambient)
    environment.update(
        FILES_API_BUCKET=BUCKET,
        FILES_API_KEYS_TABLE=KEYS_TABLE,
        FILES_API_STATE_TABLE=STATE_TABLE,
        FILES_API_HOST=host,
        PORT=str(port),
        AWS_ENDPOINT_URL=stand_ins.s3_url,
        AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        OPENAI_BASE_URL=stand_ins.openai_url,
        OPENAI_API_KEY="local",
    )
    # On a laptop nobody waits a minute for a download to end before Ctrl-C does what it says.
    environment.setdefault("FILES_API_SHUTDOWN_GRACE_SECONDS", "5")
    # Open only to this machine. Elsewhere it has to be said aloud, as in production.
    if is_loopback(host):
        environment.setdefault("FILES_API_ACCESS", OPEN)
    if commit is not None:
        environment.setdefault("FILES_API_COMMIT", commit)
    return environment


def current_commit() -> str | None:
    """Ask git; None where there is no git, or no repository (a downloaded archive, say)."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the git of whoever runs this
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
