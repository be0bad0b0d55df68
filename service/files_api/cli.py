"""The command `files-api`: what an operator does with API keys.

It works wherever Python finds credentials for the table of keys: on an instance, in a session of SSM, these are the
instance's own. Nothing here needs a terminal.

Exit status: 0 when it is done; 1 when it was refused or the table cannot be reached, with one sentence on stderr; 2 for
wrong usage.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from files_api.domain.errors import AccessUnavailable, FilesApiError, ValidationFailed
from files_api.domain.key_management import Rights, moment_after
from files_api.environment_file import EnvironmentFileError
from files_api.key_desk import DEFAULT_SETTINGS_FILE, Desk, OpenDesk, one_line, open_desk
from files_api.key_display import key_details, key_fields, key_table, minute, rfc3339, scopes_of
from files_api.key_parameters import (
    CLIENT,
    DURATION,
    DURATION_OR_ZERO,
    KEY_ID,
    LIMIT,
    MOMENT,
    PREFIX,
    SCOPE_CHOICES,
    scopes_from,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from files_api.domain.api_keys import ApiKey
    from files_api.domain.key_management import NewKey
    from files_api.domain.paths import Directory

_STDOUT = 1
# click leaves the lines of a paragraph alone that begins with this character.
_EXAMPLES = """\b
Examples:
  files-api keys create web-shop --scope files:read --scope files:write --prefix shop --expires-in 90d
  files-api keys create backup --scope all --json
"""


class _KeyCommand(click.Command):
    """A command whose refusals are sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ValidationFailed as error:
            problems = "; ".join(f"{_spelling(field)} {message}" for field, message in error.problems)
            raise click.UsageError(f"{problems}.", ctx) from error
        except AccessUnavailable as error:
            raise click.ClickException(_with_cause(error)) from error
        except (FilesApiError, EnvironmentFileError) as error:
            raise click.ClickException(str(error)) from error


class _KeyGroup(click.Group):
    command_class = _KeyCommand


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="files-api", prog_name="files-api")
@click.option(
    "--settings-file",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Take settings from this file of NAME=value lines (systemd's EnvironmentFile) where the environment has "
    f"none.  [default: {DEFAULT_SETTINGS_FILE}, where it can be read]",
)
@click.pass_context
def main(ctx: click.Context, settings_file: Path | None) -> None:
    """Operate the Files API."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A prefix may be in any script, and the terminal of another one.
        sys.stdout.reconfigure(errors="backslashreplace")
    if ctx.obj is None:
        ctx.obj = lambda: open_desk(settings_file)


@main.group(cls=_KeyGroup)
def keys() -> None:
    """Hand out API keys, rotate and revoke them.

    A client has one key, or two while one takes the place of the other. The service sees a change within 60 seconds.
    Times are UTC.
    """


_json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
_expires_in = click.option(
    "--expires-in", type=DURATION, help="When the new key ends: 30m, 24h, 90d, 52w from now."
)
_expires_at = click.option("--expires-at", type=MOMENT, help="The same as a time: 2027-01-31T12:00:00Z.")


@keys.command(epilog=_EXAMPLES)
@click.argument("client", type=CLIENT)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPE_CHOICES),
    multiple=True,
    required=True,
    help="What the client may do; once for each. There is no default.",
)
@click.option(
    "--prefix", type=PREFIX, default="", help="The directory that is all the client sees, as its root."
)
@click.option("--plan", help="The limits it has.  [default: the service's default plan]")
@click.option(
    "--limit",
    "limits",
    type=LIMIT,
    multiple=True,
    help="A limit of its own instead of the plan's: reads_per_minute=100. Once for each.",
)
@_expires_in
@_expires_at
@_json_option
@click.pass_obj
def create(  # noqa: PLR0913, PLR0917  # click hands over every option by itself
    desk: OpenDesk,
    client: str,
    scopes: tuple[str, ...],
    prefix: Directory,
    plan: str | None,
    limits: tuple[tuple[str, int], ...],
    expires_in: timedelta | None,
    expires_at: datetime | None,
    as_json: bool,  # noqa: FBT001  # a flag of the command line
) -> None:
    """Hand out the first key of a new CLIENT.

    CLIENT is 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit. The key is written to stdout,
    this once: nobody can find it out afterwards.
    """
    opened = desk()
    if plan is not None and plan not in opened.plans:
        known = ", ".join(sorted(opened.plans))
        raise click.BadParameter(f"there is no plan {plan!r}; there are {known}", param_hint="'--plan'")
    own_limits = dict(limits)
    if len(own_limits) < len(limits):
        raise click.BadParameter("the same limit is given twice", param_hint="'--limit'")
    rights = Rights(scopes=scopes_from(scopes), root=prefix, plan=plan, limits=own_limits)

    new = opened.management.create(client, rights, expires_at=_end(opened, expires_in, expires_at))

    opened.audit("key_created", new.key, **_told_of(new.key))
    if as_json:
        _write_secret(_json({**key_fields(new.key, now=opened.clock()), "key": str(new.text)}), new.key)
    else:
        _hand_over(opened, new)


@keys.command("list")
@_json_option
@click.pass_obj
def list_keys(desk: OpenDesk, as_json: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Show all keys, by client."""
    opened = desk()
    found = opened.management.list()
    now = opened.clock()
    if as_json:
        click.echo(_json([key_fields(key, now=now) for key in found]))
    elif found:
        click.echo(key_table(found, now=now, default_plan=opened.default_plan))
    else:
        click.echo("There are no keys.")


@keys.command()
@click.argument("client_or_key_id", type=KEY_ID)
@_json_option
@click.pass_obj
def show(desk: OpenDesk, client_or_key_id: str, as_json: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Show all about the keys of a client, or about one key."""
    opened = desk()
    found = opened.management.show(client_or_key_id)
    now = opened.clock()
    if as_json:
        click.echo(_json([key_fields(key, now=now) for key in found]))
    else:
        click.echo("\n\n".join(key_details(key, now=now, default_plan=opened.default_plan) for key in found))


@keys.command()
@click.argument("client", type=CLIENT)
@click.option(
    "--old-expires-in",
    type=DURATION_OR_ZERO,
    default="24h",
    show_default=True,
    help="How long the old key goes on; 0 ends it at once.",
)
@_expires_in
@_expires_at
@_json_option
@click.pass_obj
def rotate(  # noqa: PLR0913, PLR0917  # click hands over every option by itself
    desk: OpenDesk,
    client: str,
    old_expires_in: timedelta,
    expires_in: timedelta | None,
    expires_at: datetime | None,
    as_json: bool,  # noqa: FBT001  # a flag of the command line
) -> None:
    """Give CLIENT a new key with the same rights.

    The old key goes on for a day, so that the client can change over without a gap; it never lives longer than it
    would have. The new key lasts as long as the old one was made to last, unless it is said. It is written to stdout,
    this once.
    """
    opened = desk()
    end = _end(opened, expires_in, expires_at)

    rotated = opened.management.rotate(client, old_ends_in=old_expires_in, expires_at=end)

    opened.audit(
        "key_rotated",
        rotated.new.key,
        **_told_of(rotated.new.key),
        old_key_id=rotated.old.key_id,
        old_expires_at=rfc3339(rotated.old.expires_at),
    )
    now = opened.clock()
    if as_json:
        new = {**key_fields(rotated.new.key, now=now), "key": str(rotated.new.text)}
        _write_secret(_json({**new, "old_key": key_fields(rotated.old, now=now)}), rotated.new.key)
        return
    _hand_over(opened, rotated.new)
    old_id = rotated.old.key_id
    if rotated.old.is_live(now):
        _say(f"The old key {old_id} goes on until {minute(rotated.old.expires_at)} UTC.")
    else:
        _say(f"The old key {old_id} opens nothing any more.")


@keys.command()
@click.argument("key_id", type=KEY_ID)
@click.pass_obj
def disable(desk: OpenDesk, key_id: str) -> None:
    """Revoke a key, and keep it in the list.

    The service lets nobody in with it after 60 seconds at most. KEY_ID may be the whole key, where one was found.
    """
    opened = desk()
    key = opened.management.disable(key_id)
    opened.audit("key_disabled", key)
    click.echo(f"Disabled the key {key.key_id} of {key.client}.")


@keys.command(short_help="Revoke a key, and forget it.")
@click.argument("key_id", type=KEY_ID)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(desk: OpenDesk, key_id: str, yes: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Revoke a key, and forget it; with its last key also the client, and its rights.

    It asks first. Where nobody can be asked it needs --yes. KEY_ID may be the whole key, where one was found.
    """
    opened = desk()
    if not yes:
        if not opened.interactive:
            raise click.UsageError("Nobody is here to be asked: say --yes to delete the key.")
        key = opened.management.find(key_id)
        used = "never used" if key.last_used_at is None else f"last used {minute(key.last_used_at)} UTC"
        click.confirm(f"Delete the key {key.key_id} of {key.client}, {used}?", abort=True, err=True)
    deleted = opened.management.delete(key_id)
    opened.audit("key_deleted", deleted)
    click.echo(f"Deleted the key {deleted.key_id} of {deleted.client}.")


def _end(desk: Desk, expires_in: timedelta | None, expires_at: datetime | None) -> datetime | None:
    if expires_in is None:
        return expires_at
    if expires_at is not None:
        raise click.UsageError("--expires-in and --expires-at exclude each other.")
    return moment_after(desk.clock(), expires_in, "expires_in")


def _told_of(key: ApiKey) -> dict[str, object]:
    """What an audit line tells of a new key."""
    return {
        "scopes": scopes_of(key),
        "prefix": key.root or None,
        "plan": key.plan,
        "limits": dict(key.limits) or None,
        "expires_at": rfc3339(key.expires_at),
    }


def _hand_over(desk: Desk, new: NewKey) -> None:
    """Write the key, alone, to stdout, so that it can be piped on; and all about it to stderr."""
    _say(key_details(new.key, now=desk.clock(), default_plan=desk.default_plan))
    _say("\nThis is the key. It is shown now and never again:\n")
    _write_secret(str(new.text), new.key)
    _say("")


def _write_secret(text: str, key: ApiKey) -> None:
    """Write what holds a new key; where that fails, nobody will ever know the key."""
    problem = _write(text)
    if problem is not None:
        raise click.ClickException(
            f"The key {key.key_id} was made, but cannot be written ({problem}): delete it, and make another."
        )


def _write(text: str) -> str | None:
    """Write to stdout, or tell why that cannot be done."""
    if sys.stdout is None:
        return "stdout is closed"
    try:
        click.echo(text)
    except OSError as error:
        # Or else Python tries it again when it ends (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        return error.strerror
    return None


def _say(text: str) -> None:
    click.echo(text, err=True)


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _spelling(field: str) -> str:
    """How a field of the domain is written on the command line."""
    return "CLIENT" if field == "client" else f"--{field.replace('_', '-')}"


def _with_cause(error: AccessUnavailable) -> str:
    """A caller learns nothing of the reason; an operator has to."""
    if error.__cause__ is None:
        return str(error)
    return f"The table of keys cannot be used now: {one_line(error.__cause__)}"


if __name__ == "__main__":
    main(prog_name="files-api")
