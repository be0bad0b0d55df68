"""`python -m files_api.operations`: one command for each make target of operators and of the pipeline.

Exit status: 0 when it is done; 1 when it was tried and failed; 2 when nothing was begun, since something is missing on
this side; each with one sentence on stderr.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click
from botocore.exceptions import BotoCoreError, ClientError

from files_api.operations.commands import deploying, images, looking, stack
from files_api.operations.errors import OperationError, sentence_of


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def operations() -> None:
    """Operate an environment of the Files API."""


for module in (stack, deploying, images, looking):
    for command in module.COMMANDS:
        operations.add_command(command)


def main() -> NoReturn:
    """Run the command line; every failure that is foreseen is one sentence."""
    try:
        operations.main(standalone_mode=False, prog_name="python -m files_api.operations")
    except OperationError as error:
        _end(error.status, str(error))
    except (ClientError, BotoCoreError) as error:
        _end(1, sentence_of(error))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _end(130, "Interrupted.")
    sys.exit(0)


def _end(status: int, sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(status)
