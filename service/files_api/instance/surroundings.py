"""What the lifecycle of an instance touches, as small interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from files_api.instance.lifecycle_hooks import Result


class StopRequested(Exception):
    """This program itself is to end: the machine shuts down, or the unit is restarted."""


class Clock(Protocol):
    """Time, and waiting."""

    def monotonic(self) -> float:
        """Seconds, from whenever."""

    def utc(self) -> datetime:
        """The time of day."""

    def sleep(self, seconds: float) -> None:
        """Wait. Raises StopRequested where that comes first."""


class Metadata(Protocol):
    """What the instance is told of its future. Both raise MetadataUnavailableError."""

    def target_lifecycle_state(self) -> str | None:
        """See `InstanceMetadata`."""

    def spot_instance_action(self) -> str | None:
        """See `InstanceMetadata`."""


class Hooks(Protocol):
    """The group's lifecycle hooks. Both tell whether the hook was waiting, and raise AwsCallError."""

    def complete(self, hook: str, result: Result) -> bool:
        """See `LifecycleHooks`."""

    def heartbeat(self, hook: str) -> bool:
        """See `LifecycleHooks`."""


class Target(Protocol):
    """The instance as a target. Both raise AwsCallError."""

    def deregister(self) -> None:
        """See `TargetGroup`."""

    def is_drained(self) -> bool:
        """See `TargetGroup`."""


class Service(Protocol):
    """The service on the instance."""

    def is_ready(self) -> bool:
        """See `ServiceUnit`."""

    def stop(self) -> None:
        """See `ServiceUnit`. Raises ServiceStopError."""


class Listener(Protocol):
    """Whoever watches over this program."""

    def send(self, *states: str) -> None:
        """See `Notifications`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that the lifecycle touches."""

    metadata: Metadata
    hooks: Hooks
    target: Target
    service: Service
    clock: Clock
    listener: Listener
