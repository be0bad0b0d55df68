"""What the service on this instance is told, from what the instance knows of itself and the parameters. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.settings import Settings, SettingsError, SettingsSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
#: Whose settings these are: the service's, and those of the libraries that it is made of. Anything else, such as
#: LD_PRELOAD or PYTHONPATH, would let whoever may write a parameter run what they like.
_PREFIXES = ("FILES_API_", "OPENAI_", "OTEL_", "AWS_")
_OTHER_NAMES = frozenset({"PORT", "WEB_CONCURRENCY"})
#: These come from SSM when they are needed, and from the instance's role. They are not written to the disk.
_SECRETS = frozenset({"OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


class ConfigurationError(Exception):
    """The service cannot be told anything sensible. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class InstanceFile:
    """What user data has written: where this instance belongs, and where its parameters are."""

    environment: str
    region: str
    parameters: str

    @property
    def settings_path(self) -> str:
        """The path of the parameters that are settings."""
        return f"{self.parameters}/settings"


def instance_file(values: Mapping[str, str]) -> InstanceFile:
    """Check what stands in the file.

    Raises:
        ConfigurationError: Something is missing or is nonsense.
    """
    checks = {
        "ENVIRONMENT": (re.compile(r"[a-z][a-z0-9]*"), "the name of an environment, such as dev"),
        "AWS_REGION": (_REGION, "an AWS region, such as eu-central-1"),
        "PARAMETERS": (_PATH, "the path of SSM parameters, such as /files-api/dev"),
    }
    for name, (pattern, wanted) in checks.items():
        if not pattern.fullmatch(values.get(name, "")):
            raise ConfigurationError(f"{name} must be {wanted}.")
    return InstanceFile(values["ENVIRONMENT"], values["AWS_REGION"], values["PARAMETERS"])


def settings_of(
    instance: InstanceFile, tags: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, str]:
    """Put the service's settings together, and check that it would start with them.

    Args:
        instance: What user data has written.
        tags: The instance's tags.
        parameters: The settings as they stand in SSM.

    Raises:
        ConfigurationError: It would not; or the instance is of another environment than its settings.
    """
    if tags.get("Environment") != instance.environment:
        raise ConfigurationError(
            f"The instance's tag Environment is {tags.get('Environment', 'not there')!r}, "
            f"and its user data says {instance.environment!r}."
        )
    if not parameters:
        raise ConfigurationError(f"There are no parameters under {instance.settings_path}.")
    for name in parameters:
        _check_name(name)
    settings = {
        "AWS_REGION": instance.region,
        "FILES_API_ENVIRONMENT": instance.environment,
        **{name: value for name, value in parameters.items() if value},
    }
    if settings["FILES_API_ENVIRONMENT"] != instance.environment:
        raise ConfigurationError(
            f"FILES_API_ENVIRONMENT is {settings['FILES_API_ENVIRONMENT']!r} in {instance.environment!r}."
        )
    try:
        Settings.from_env(settings)
    except SettingsError as error:
        raise ConfigurationError(str(error)) from error
    return settings


def unknown_settings(settings: Mapping[str, str]) -> list[str]:
    """Name what the service of this image has never heard of.

    That is a slip, or a setting of a newer image; the older one, which is rolled back to, must not refuse it.
    """
    known = {field.data_key for field in SettingsSchema().fields.values()}
    return sorted(name for name in settings if name.startswith("FILES_API_") and name not in known)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not the name of a setting.")
    if name in _SECRETS:
        raise ConfigurationError(f"{name} is a secret, and must not stand among the settings.")
    if not name.startswith(_PREFIXES) and name not in _OTHER_NAMES:
        raise ConfigurationError(f"{name} is no setting of the service.")
