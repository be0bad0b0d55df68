"""`files-api-instance`: what systemd runs on an instance, beside the service."""

from __future__ import annotations

import grp
import logging
import logging.config
import os
import shlex
from pathlib import Path
from typing import NoReturn

import click

from files_api.environment_file import EnvironmentFileError, read_environment_file
from files_api.instance.metadata import DEFAULT_ENDPOINT, InstanceMetadata, MetadataUnavailableError
from files_api.instance.service_unit import STOP_COMMAND, ServiceUnit

log = logging.getLogger(__name__)


class _Endpoint(click.ParamType[InstanceMetadata]):
    name = "url"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> InstanceMetadata:
        try:
            return InstanceMetadata(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_metadata_option = click.option(
    "--metadata-endpoint",
    "metadata",
    type=_Endpoint(),
    envvar="AWS_EC2_METADATA_SERVICE_ENDPOINT",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    help="Where the instance metadata service answers.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="files-api", prog_name="files-api-instance")
def main() -> None:
    """Run beside the Files API on an instance of EC2."""
    from files_api.telemetry.logs import logging_config  # noqa: PLC0415  # it takes its time, and --help needs it not

    logging.config.dictConfig(logging_config("INFO"))


@main.command()
@_metadata_option
@click.option(
    "--instance-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default="/etc/files-api/instance",
    show_default=True,
    help="What user data has written: ENVIRONMENT, AWS_REGION, PARAMETERS.",
)
@click.option(
    "--settings-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default="/etc/files-api/environment",
    show_default=True,
    help="Where the settings go, as systemd reads them.",
)
@click.option(
    "--group", default="files-api", show_default=True, help="The group that may read them: the service's."
)
def configure(metadata: InstanceMetadata, instance_file: Path, settings_file: Path, group: str) -> None:
    """Write the service's settings, from SSM, before it starts.

    Nothing is written unless the service would start with all of it.
    """
    # boto3 takes its time, and --help needs it not.
    from files_api.instance.aws_calls import AwsCallError  # noqa: PLC0415
    from files_api.instance.configuration import ConfigurationError  # noqa: PLC0415
    from files_api.instance.parameters import SecretParameterError  # noqa: PLC0415
    from files_api.instance.settings_file import UnwritableSettingsError, render_settings, write_file  # noqa: PLC0415

    try:
        settings = _find_settings(metadata, instance_file)
        group_id = grp.getgrnam(group).gr_gid
        write_file(settings_file, render_settings(settings), group_id=group_id)
    except (
        AwsCallError,
        ConfigurationError,
        EnvironmentFileError,
        MetadataUnavailableError,
        SecretParameterError,
        UnwritableSettingsError,
    ) as error:
        _refuse(str(error))
    except KeyError:
        _refuse(f"There is no group {group!r}.")
    except OSError as error:
        _refuse(f"{settings_file} cannot be written: {error.strerror}.")
    log.info("the service is configured", extra={"event": "instance_configured", "settings": len(settings)})


@main.command()
@_metadata_option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    envvar="PORT",
    default=8000,
    show_default=True,
    help="The TCP port of the service.",
)
@click.option(
    "--deregistration-delay",
    type=click.FloatRange(min=0),
    # The service and the load balancer give requests as long to end (terraform/modules/settings).
    envvar="FILES_API_SHUTDOWN_GRACE_SECONDS",
    default=60.0,
    show_default=True,
    help="Seconds that the load balancer lets requests of a leaving target go on.",
)
@click.option(
    "--stop-command",
    default=shlex.join(STOP_COMMAND),
    show_default=True,
    help="What stops the service, and returns when it has ended.",
)
def lifecycle(metadata: InstanceMetadata, port: int, deregistration_delay: float, stop_command: str) -> None:
    """Take the instance into service when it is ready, and out of it before it ends."""
    import boto3  # noqa: PLC0415  # as above

    from files_api.instance.aws_calls import BRIEF  # noqa: PLC0415
    from files_api.instance.clock import StoppableClock  # noqa: PLC0415
    from files_api.instance.lifecycle import Lifecycle  # noqa: PLC0415
    from files_api.instance.lifecycle_hooks import LifecycleHooks  # noqa: PLC0415
    from files_api.instance.notifications import Notifications  # noqa: PLC0415
    from files_api.instance.surroundings import StopRequested, Surroundings  # noqa: PLC0415
    from files_api.instance.target_group import TargetGroup  # noqa: PLC0415

    clock = StoppableClock()
    try:
        instance_id = metadata.instance_id()
        region = metadata.region()
        tags = metadata.tags()
    except MetadataUnavailableError as error:
        _give_up(str(error))
    for tag in ("AutoScalingGroup", "TargetGroup"):
        if tag not in tags:
            _give_up(f"The instance has no tag {tag}, or does not show its tags in its metadata.")
    session = boto3.session.Session(region_name=region)
    surroundings = Surroundings(
        metadata=metadata,
        hooks=LifecycleHooks(
            session.client("autoscaling", config=BRIEF), tags["AutoScalingGroup"], instance_id
        ),
        target=TargetGroup(session.client("elbv2", config=BRIEF), tags["TargetGroup"], instance_id),
        service=ServiceUnit(port, shlex.split(stop_command)),
        clock=clock,
        listener=Notifications(os.environ.get("NOTIFY_SOCKET")),
    )
    try:
        Lifecycle(surroundings, deregistration_delay).run()
    except StopRequested:
        log.info("ended before the instance", extra={"event": "instance_lifecycle_interrupted"})


def _find_settings(metadata: InstanceMetadata, file: Path) -> dict[str, str]:
    import boto3  # noqa: PLC0415  # as above

    from files_api.instance.aws_calls import PATIENT  # noqa: PLC0415
    from files_api.instance.configuration import instance_file, settings_of, unknown_settings  # noqa: PLC0415
    from files_api.instance.parameters import read_parameters  # noqa: PLC0415

    instance = instance_file(read_environment_file(file))
    session = boto3.session.Session(region_name=instance.region)
    parameters = read_parameters(session.client("ssm", config=PATIENT), instance.settings_path)
    settings = settings_of(instance, metadata.tags(), parameters)
    for name in unknown_settings(settings):
        log.warning(
            "the service of this image knows no such setting",
            extra={"event": "setting_unknown", "setting": name},
        )
    return settings


def _refuse(cause: str) -> NoReturn:
    log.error("the service is not configured", extra={"event": "instance_not_configured", "cause": cause})
    raise SystemExit(1)


def _give_up(cause: str) -> NoReturn:
    log.error(
        "nobody can watch over the instance", extra={"event": "instance_lifecycle_failed", "cause": cause}
    )
    raise SystemExit(1)
