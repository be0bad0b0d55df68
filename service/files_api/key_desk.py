"""Where API keys are handed out: what the commands of `files-api keys` work with, and how it is found.

Settings come of the environment and of the file in which an instance keeps them; credentials as boto3 finds them.
"""

from __future__ import annotations

import logging
import os
import pwd
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from files_api.domain.key_management import KeyManagement
from files_api.environment_file import read_environment_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from files_api.domain.api_keys import ApiKey
    from files_api.domain.plans import Plan

#: Where the instances keep the settings of the service (systemd's EnvironmentFile).
DEFAULT_SETTINGS_FILE = Path("/etc/files-api/environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the commands work with.

    `record` writes an audit line (`telemetry.audit.record`), and `actor` is who it says it was. `interactive`: somebody
    is there to be asked.
    """

    management: KeyManagement
    plans: Mapping[str, Plan]
    default_plan: str
    clock: Callable[[], datetime]
    record: Callable[..., None]
    actor: str
    interactive: bool

    def audit(self, event: str, key: ApiKey, **fields: object) -> None:
        """Write down a change of a key, and who made it."""
        self.record(event, key_id=key.key_id, client=key.client, actor=self.actor, **fields)


#: Makes the desk when a command needs it: `--help` and wrong usage get along without settings and without AWS.
OpenDesk = Callable[[], Desk]


def open_desk(settings_file: Path | None) -> Desk:
    """Read the settings, and make what the commands work with.

    Args:
        settings_file: Where settings are that the environment does not have; None for the usual place.

    Raises:
        EnvironmentFileError: The file cannot be read.
        ClickException: A setting is missing or wrong; or there is no region.
    """
    # Here, since they take their time, and --help needs none of them.
    from botocore.exceptions import BotoCoreError, NoRegionError  # noqa: PLC0415

    from files_api.adapters.dynamodb.client import make_dynamodb_client  # noqa: PLC0415
    from files_api.adapters.dynamodb.keys import DynamoKeyStore  # noqa: PLC0415
    from files_api.settings import KeySettings, SettingsError  # noqa: PLC0415
    from files_api.telemetry import audit  # noqa: PLC0415

    actor = find_actor(os.environ)
    for name, value in _settings_in(settings_file).items():
        # Into the environment, since boto3 looks there too.
        os.environ.setdefault(name, value)
    try:
        settings = KeySettings.from_env()
        client = make_dynamodb_client(settings.aws_region, settings.aws_endpoint_url)
    except SettingsError as error:
        raise click.ClickException(f"{error}{_hint_at(settings_file)}") from error
    except NoRegionError as error:
        raise click.ClickException("AWS_REGION is missing: name the region of the table of keys.") from error
    except BotoCoreError as error:
        raise click.ClickException(f"The table of keys cannot be used: {one_line(error)}") from error
    audit.write_to_stderr()
    if settings.audit_log_group is not None:
        from files_api.adapters.audit_log import ship_audit  # noqa: PLC0415  # as above

        ship_audit(
            settings.audit_log_group, region=settings.aws_region, endpoint_url=settings.aws_endpoint_url
        )
    # What the store logs when it fails, the command says in its sentence.
    logging.getLogger("files_api.adapters.dynamodb").addHandler(logging.NullHandler())
    return Desk(
        management=KeyManagement(DynamoKeyStore(client, settings.keys_table), settings.environment, _utc_now),
        plans=settings.plans,
        default_plan=settings.default_plan,
        clock=_utc_now,
        record=audit.record,
        actor=actor,
        # There is no stdin at all where it was closed.
        interactive=sys.stdin is not None and sys.stdin.isatty(),
    )


def find_actor(environ: Mapping[str, str]) -> str:
    """Tell who runs this: the user before sudo, else the one that the system knows; and on which host."""
    user = environ.get("SUDO_USER")
    if not user:
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def _settings_in(file: Path | None) -> dict[str, str]:
    if file is not None:
        return read_environment_file(file)
    if not os.access(DEFAULT_SETTINGS_FILE, os.R_OK):
        return {}
    return read_environment_file(DEFAULT_SETTINGS_FILE)


def _hint_at(file: Path | None) -> str:
    """What may be the matter when a setting is missing."""
    if file is not None or not DEFAULT_SETTINGS_FILE.exists() or os.access(DEFAULT_SETTINGS_FILE, os.R_OK):
        return ""
    return f" ({DEFAULT_SETTINGS_FILE} may not be read by you: try sudo.)"


def one_line(error: BaseException) -> str:
    """Say what an exception says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _utc_now() -> datetime:
    return datetime.now(UTC)
