"""Follows instance refreshes to their end, since neither Terraform nor AWS's own calls wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from files_api.operations.cloud.refreshes import SUCCESSFUL
from files_api.operations.errors import OperationError, is_passing, sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.operations.clock import Clock
    from files_api.operations.cloud.refreshes import Refresh, Refreshes

#: How often one looks, in seconds.
POLL_SECONDS = 15.0
# For how long AWS may be away while one looks.
_AWAY_SECONDS = 300.0


class Follower:
    """Looks at a refresh until it has ended.

    Args:
        refreshes: Where to look.
        clock: Lets time go by between two looks.
        say: Takes a line for the person who waits.
        poll_seconds: Seconds between two looks.
    """

    def __init__(
        self,
        refreshes: Refreshes,
        clock: Clock,
        say: Callable[[str], None],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._refreshes = refreshes
        self._clock = clock
        self._say = say
        self._poll_seconds = poll_seconds

    def follow(self, group: str, refresh_id: str) -> Refresh:
        """Look until it has ended, and give how; each change is told in a line.

        Raises:
            OperationError: AWS does not know it any more, or was away for too long.
        """
        last_line = ""
        while True:
            refresh = self._look(group, refresh_id)
            if (line := refresh.describe()) != last_line:
                self._say(f"{self._clock.now():%H:%M:%S} {group}: {line}")
                last_line = line
            if refresh.has_ended:
                return refresh
            self._clock.sleep(self._poll_seconds)

    def follow_newest(self, group: str) -> None:
        """Follow the refresh that goes on in a group, if there is one.

        Raises:
            OperationError: It did not end well, or could not be looked at.
        """
        newest = self._refreshes.newest(group)
        if newest is None or newest.has_ended:
            return
        self.demand(group, self.follow(group, newest.refresh_id))

    @staticmethod
    def demand(group: str, refresh: Refresh) -> None:
        """Be content with a refresh that replaced all instances.

        Raises:
            OperationError: It did not.
        """
        if refresh.status != SUCCESSFUL:
            raise OperationError(f"The instance refresh of {group} did not end well: {refresh.describe()}.")

    def _look(self, group: str, refresh_id: str) -> Refresh:
        began = self._clock.elapsed()
        while True:
            try:
                found = self._refreshes.read(group, refresh_id)
            except (ClientError, BotoCoreError) as error:
                if not is_passing(error) or self._clock.elapsed() - began > _AWAY_SECONDS:
                    raise OperationError(
                        f"The refresh of {group} goes on, but cannot be looked at: {sentence_of(error)}"
                    ) from error
                self._clock.sleep(self._poll_seconds)
                continue
            if found is None:
                raise OperationError(f"AWS knows no refresh {refresh_id} of {group}.")
            return found
