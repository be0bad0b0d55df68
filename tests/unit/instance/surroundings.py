"""An instance without a machine: what its lifecycle touches, as a story that a test tells.

Time goes by only while the lifecycle sleeps. A test says what happens when: `world.at(30, …)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from files_api.instance.aws_calls import AwsCallError
from files_api.instance.metadata import MetadataUnavailableError
from files_api.instance.service_unit import ServiceStopError
from files_api.instance.surroundings import StopRequested, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.instance.lifecycle_hooks import Result

_BEGIN = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)


@dataclass
class World:
    """One instance, its group and its target group. It keeps a diary: what was done, and at which second."""

    #: What the metadata tells; the state None, too, is one that it may have.
    state: str | None = "InService"
    spot: str | None = None
    metadata_answers: bool = True
    #: Hooks that wait for the instance.
    waiting: set[str] = field(default_factory=lambda: {"ready"})
    is_ready: bool = True
    #: From when on the load balancer waits for nothing: so many seconds after it was told. None: never.
    drains_in: float | None = 10.0
    #: Calls that are refused, with the code.
    refused: dict[str, str] = field(default_factory=dict)
    stop_fails: bool = False
    stop_takes: float = 0.0

    now: float = 0.0
    diary: list[tuple[float, str]] = field(default_factory=list)
    states_sent: list[str] = field(default_factory=list)
    _events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _deregistered_at: float | None = None

    @classmethod
    def leaving(cls, **fields: Any) -> World:
        """One that Auto Scaling is ending from the start."""
        world = cls(**fields)
        world.leave()
        return world

    def leave(self) -> None:
        """An event: Auto Scaling ends the instance, and its hook waits."""
        self.state = "Terminated"
        self.waiting = {"drain"}

    def surroundings(self) -> Surroundings:
        return Surroundings(
            metadata=self, hooks=self, target=self, service=_Service(self), clock=self, listener=self
        )

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        """Let something happen at a time."""
        self._events.append((seconds, event))
        self._events.sort(key=lambda entry: entry[0])

    def set(self, **fields: object) -> Callable[[], None]:
        """Make an event of a change."""

        def change() -> None:
            for name, value in fields.items():
                setattr(self, name, value)

        return change

    def done(self) -> list[str]:
        """What was done, in order; what was done again and again stands once."""
        deeds = [deed for _, deed in self.diary]
        return [deed for index, deed in enumerate(deeds) if index == 0 or deeds[index - 1] != deed]

    def when(self, deed: str) -> float:
        """When something was done first."""
        return next(moment for moment, done in self.diary if done == deed)

    # Clock
    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return _BEGIN + timedelta(seconds=self.now)

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds
        assert self.now < 3600, f"nothing ends here: {self.done()[-5:]}"
        while self._events and self._events[0][0] <= self.now:
            self._events.pop(0)[1]()

    # Metadata
    def target_lifecycle_state(self) -> str | None:
        self._need_metadata()
        return self.state

    def spot_instance_action(self) -> str | None:
        self._need_metadata()
        return self.spot

    def _need_metadata(self) -> None:
        if not self.metadata_answers:
            raise MetadataUnavailableError("The instance metadata service does not tell anything.")

    # Hooks
    def complete(self, hook: str, result: Result) -> bool:
        self._call("CompleteLifecycleAction", f"complete {hook} {result}")
        if hook not in self.waiting:
            return False
        self.waiting.remove(hook)
        self.diary.append((self.now, f"{hook} goes on"))
        return True

    def heartbeat(self, hook: str) -> bool:
        self._call("RecordLifecycleActionHeartbeat", f"heartbeat {hook}")
        return hook in self.waiting

    # Target
    def deregister(self) -> None:
        self._call("DeregisterTargets", "deregister")
        self._deregistered_at = self.now

    def is_drained(self) -> bool:
        self._call("DescribeTargetHealth", "look at target")
        if self._deregistered_at is None or self.drains_in is None:
            return False
        return self.now - self._deregistered_at >= self.drains_in

    # Listener
    def send(self, *states: str) -> None:
        self.states_sent.extend(states)

    def _call(self, call: str, deed: str) -> None:
        self.diary.append((self.now, deed))
        if call in self.refused:
            raise AwsCallError(call, self.refused[call], "no")


@dataclass
class _Service:
    """Apart from the world, since `is_ready` is a field there."""

    world: World

    def is_ready(self) -> bool:
        return self.world.is_ready

    def stop(self) -> None:
        self.world.diary.append((self.world.now, "stop"))
        self.world.now += self.world.stop_takes
        if self.world.stop_fails:
            raise ServiceStopError("systemctl ended with 1: no.")


def ask_to_stop() -> None:
    """An event: the program itself gets SIGTERM."""
    raise StopRequested
