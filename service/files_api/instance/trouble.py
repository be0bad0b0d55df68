"""Calls that fail while the instance comes or goes: none of them may stop it, and each is told once."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from files_api.instance.aws_calls import AwsCallError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


class CallTrouble:
    """Tells of calls that fail, and not again for each time that they are tried again."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell of a call that fails in here, and go on behind it."""
        try:
            yield
        except AwsCallError as error:
            if self._told.get(error.call) != error.code:
                log.warning(
                    "a call of AWS failed",
                    extra={"event": "instance_call_failed", "call": error.call, "cause": str(error)},
                )
            self._told[error.call] = error.code
