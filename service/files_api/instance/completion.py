"""Completing a lifecycle hook that may not wait yet, or not at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from files_api.instance.surroundings import Clock, Hooks
    from files_api.instance.trouble import CallTrouble

log = logging.getLogger(__name__)


class Completion:
    """Lets the instance go on, past one hook.

    Args:
        hooks: Of the group.
        hook: The name of the one.
        clock: What tells how long it has been tried.
        trouble: What tells of calls that fail. Those are tried for ever: the hook's own timeout ends it for us.
        patience_seconds: How long it is tried while the hook does not wait.
    """

    def __init__(
        self, hooks: Hooks, hook: str, clock: Clock, trouble: CallTrouble, patience_seconds: float
    ) -> None:
        self._hooks = hooks
        self._hook = hook
        self._clock = clock
        self._trouble = trouble
        self._given_up_at = clock.monotonic() + patience_seconds
        self._is_settled = False

    def attempt(self) -> bool:
        """Try it, unless it is settled. Tells whether it is, now: completed, or not waited for by anybody."""
        if self._is_settled:
            return True
        with self._trouble.told():
            if self._hooks.complete(self._hook, "CONTINUE"):
                self._is_settled = True
                log.info(
                    "Auto Scaling goes on with the instance",
                    extra={"event": "lifecycle_action_completed", "hook": self._hook},
                )
            elif self._clock.monotonic() >= self._given_up_at:
                # As with the first instances of a group, which are launched before its hooks are made.
                self._is_settled = True
                log.info(
                    "Auto Scaling does not wait for the instance",
                    extra={"event": "lifecycle_action_absent", "hook": self._hook},
                )
        return self._is_settled
