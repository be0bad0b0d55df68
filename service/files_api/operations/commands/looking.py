"""Looking at what runs: a shell on an instance, logs, a smoke test; and the secret that only people know."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import click

from files_api.operations.clock import SystemClock
from files_api.operations.cloud import Cloud
from files_api.operations.cloud.groups import Groups
from files_api.operations.cloud.parameters import Parameters
from files_api.operations.commands.options import environment_option, fleet_option
from files_api.operations.errors import NotReadyError
from files_api.operations.log_tail import follow, read_events
from files_api.operations.preflight import find_place
from files_api.operations.running import serving_group
from files_api.operations.smoke import Smoke

if TYPE_CHECKING:
    from files_api.operations.naming import Environment

_AGO = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _Ago(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = _AGO.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a number with s, m, h or d behind it, such as 15m.", param, ctx)
        return timedelta(**{_UNITS[found["unit"]]: int(found["number"])})


@click.command("session")
@environment_option
@fleet_option
@click.option("--instance", "instance_id", help="The instance; any that is in service where it is not said.")
def session(environment: Environment, fleet: str | None, instance_id: str | None) -> NoReturn:
    """Open a shell on an instance, by SSM: no SSH, no open port, and recorded."""
    for program, why in (("aws", "the AWS CLI"), ("session-manager-plugin", "its Session Manager plugin")):
        if shutil.which(program) is None:
            raise NotReadyError(f"{program} is not installed, or not in PATH: {why} opens the session.")
    cloud = Cloud()
    place = find_place(cloud)
    group = serving_group(Groups(cloud.autoscaling, cloud.ec2, cloud.elbv2), environment, fleet)
    members = {member.instance_id: member for member in group.members}
    if instance_id is not None and instance_id not in members:
        raise NotReadyError(
            f"{instance_id} is not in {group.name}, which has {', '.join(sorted(members)) or 'none'}."
        )
    if instance_id is None:
        if not group.in_service:
            raise NotReadyError(f"No instance of {group.name} is in service.")
        instance_id = group.in_service[0].instance_id
    command = ["aws", "ssm", "start-session", "--region", place.region, "--target", instance_id]
    click.echo(f"{' '.join(command)}  # {members[instance_id].zone}, {members[instance_id].image_id}")
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606  # the terminal is the session's from here


@click.command("logs")
@environment_option
@click.option(
    "--kind", type=click.Choice(["service", "audit"]), default="service", show_default=True, help="Which log."
)
@click.option(
    "--since", type=_Ago(), default="15m", show_default=True, help="How far to go back: 90s, 15m, 2h, 1d."
)
@click.option("--filter", "pattern", default="", help="A filter pattern of CloudWatch: '{ $.status = 500 }'.")
@click.option("--follow", "goes_on", is_flag=True, help="Show what comes, until Ctrl-C.")
def logs(environment: Environment, kind: str, since: timedelta, pattern: str, *, goes_on: bool) -> None:
    """Show the lines of a log, oldest first."""
    cloud = Cloud()
    find_place(cloud)
    clock = SystemClock()
    begin, group = clock.now() - since, environment.log_group(kind)
    try:
        if not goes_on:
            for _, line in read_events(cloud.logs, group, begin, pattern):
                click.echo(line)
            return
        for line in follow(cloud.logs, group, begin, pattern, clock):
            click.echo(line)
    except cloud.logs.exceptions.ResourceNotFoundException as error:
        raise NotReadyError(
            f"There is no log group {group}: run `make tf-apply ENV={environment.name}` first."
        ) from error


@click.command("secret")
@environment_option
def secret(environment: Environment) -> None:
    """Put the key for OpenAI, read from the terminal or from standard input, into its parameter."""
    asked = click.prompt("The key for OpenAI", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    value = asked.strip()
    if not value or not value.isascii() or any(character.isspace() for character in value):
        raise NotReadyError("A key for OpenAI is one word; nothing was written.")
    cloud = Cloud()
    find_place(cloud)
    name = environment.openai_key_parameter
    if not Parameters(cloud.ssm).replace_secret(name, value):
        raise NotReadyError(
            f"There is no SecureString {name}: run `make tf-apply ENV={environment.name}` first, which makes it."
        )
    click.echo(f"Written to {name}. Instances read it within five minutes; none has to be replaced.")


@click.command("smoke")
@click.option("--url", required=True, help="Where the service is: https://files.example.com.")
def smoke(url: str) -> None:
    """Look from outside whether a service works; with a key in FILES_API_KEY, write and read a file, too."""
    Smoke(url, os.environ.get("FILES_API_KEY") or None, click.echo).run()


COMMANDS = (session, logs, secret, smoke)
