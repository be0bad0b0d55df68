"""Takes the instance into service when it is ready, and out of it before it ends.

What EC2 Auto Scaling does by itself
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html): an instance that it ends is taken
out of its target group first, and its requests are waited for; only then does the hook `drain` wait for us
(Terminating:Wait). Whether the metadata tells of the end before or after that, nobody promises. So everything here may
be done twice: taking out of the target group what is out already, asking whether it is drained, and completing a hook
that does not wait yet. A spot instance that is interrupted is taken out by nobody but us, in two minutes.

An instance that never gets ready is not given up here: the hook `ready` ends by itself after some minutes, with
ABANDON. That is no later than anybody can tell a slow start from a failed one, it leaves somebody the time to look, and
a fleet that cannot start anything replaces its instances by the minute and not by the second.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from files_api.instance.completion import Completion
from files_api.instance.departure import Departure, departure_told_by, drain_seconds
from files_api.instance.metadata import MetadataUnavailableError
from files_api.instance.service_unit import ServiceStopError
from files_api.instance.trouble import CallTrouble

if TYPE_CHECKING:
    from files_api.instance.surroundings import Surroundings

log = logging.getLogger(__name__)

#: The hooks that terraform/modules/compute makes.
READY_HOOK = "ready"
DRAIN_HOOK = "drain"

#: EC2 asks for a look every five seconds, so that most of a spot instance's two minutes is left.
LOOK_SECONDS = 5.0
#: While the service starts: each second that passes unnoticed is one that the fleet is too small.
START_LOOK_SECONDS = 1.0
DRAIN_LOOK_SECONDS = 2.0
#: A third of the hook's heartbeat timeout (terraform/modules/compute): two may be lost.
HEARTBEAT_SECONDS = 60.0
#: How often it is told that the service is not ready yet.
NOT_READY_SECONDS = 60.0
#: How long a hook is tried that does not wait for us. Launching: the hook begins to wait in the seconds in which the
#: instance boots. Ending: once Auto Scaling has waited for the load balancer, which may begin when we have ended.
READY_PATIENCE_SECONDS = 60.0
DRAIN_PATIENCE_SECONDS = 180.0


class Lifecycle:
    """One instance, from the start of its service to its end.

    Args:
        surroundings: What it touches.
        deregistration_delay_seconds: How long the load balancer lets requests of a leaving target go on.
    """

    def __init__(self, surroundings: Surroundings, deregistration_delay_seconds: float) -> None:
        self._metadata = surroundings.metadata
        self._hooks = surroundings.hooks
        self._target = surroundings.target
        self._service = surroundings.service
        self._clock = surroundings.clock
        self._listener = surroundings.listener
        self._trouble = CallTrouble()
        self._deregistration_delay_seconds = deregistration_delay_seconds
        self._metadata_is_silent = False

    def run(self) -> None:
        """Live through all of it.

        Raises:
            StopRequested: This program has to end before the instance does. Nothing is undone.
        """
        self._listener.send("READY=1", "STATUS=Waiting for the service to be ready")
        departure = self._serve()
        log.info("the instance leaves", extra={"event": "instance_leaving", "reason": str(departure.reason)})
        self._listener.send("STATUS=Leaving the target group")
        self._drain(drain_seconds(departure, self._deregistration_delay_seconds))
        self._listener.send("WATCHDOG=1", "STATUS=Stopping the service")
        self._stop_service()
        self._end()

    def _serve(self) -> Departure:
        """Take the instance into service, and watch until it has to go."""
        started = self._clock.monotonic()
        next_complaint = started + NOT_READY_SECONDS
        launch: Completion | None = None
        while True:
            self._listener.send("WATCHDOG=1")
            departure = self._look()
            if departure is not None:
                return departure
            now = self._clock.monotonic()
            if launch is None and self._service.is_ready():
                launch = self._completion(READY_HOOK, READY_PATIENCE_SECONDS)
                log.info(
                    "the service is ready",
                    extra={"event": "instance_ready", "waited_seconds": round(now - started, 1)},
                )
                self._listener.send("STATUS=In service")
            elif launch is None and now >= next_complaint:
                next_complaint = now + NOT_READY_SECONDS
                log.warning(
                    "the service is not ready yet",
                    extra={"event": "instance_not_ready", "waited_seconds": round(now - started, 1)},
                )
            if launch is not None:
                launch.attempt()
            self._clock.sleep(START_LOOK_SECONDS if launch is None else LOOK_SECONDS)

    def _look(self) -> Departure | None:
        try:
            departure = departure_told_by(
                self._metadata.target_lifecycle_state(),
                self._metadata.spot_instance_action(),
                self._clock.utc(),
            )
        except MetadataUnavailableError as error:
            # An instance that cannot be asked goes on serving. Should it miss its end, Auto Scaling takes it out of the
            # target group by itself, and the hook runs out.
            if not self._metadata_is_silent:
                log.warning(
                    "nobody can tell whether the instance has to go",
                    extra={"event": "metadata_unavailable", "cause": str(error)},
                )
            self._metadata_is_silent = True
            return None
        self._metadata_is_silent = False
        return departure

    def _drain(self, most_seconds: float) -> None:
        """Leave the target group, and wait until no request is under way any more, or the time is up."""
        started = self._clock.monotonic()
        next_heartbeat = started + HEARTBEAT_SECONDS
        left = is_drained = False
        while True:
            self._listener.send("WATCHDOG=1")
            with self._trouble.told():
                # Tried until it works: while it does not, the load balancer goes on sending requests here.
                if not left:
                    self._target.deregister()
                    left = True
                is_drained = self._target.is_drained()
            now = self._clock.monotonic()
            if is_drained or now - started >= most_seconds:
                break
            if now >= next_heartbeat:
                next_heartbeat = now + HEARTBEAT_SECONDS
                self._ask_for_time()
            self._clock.sleep(min(DRAIN_LOOK_SECONDS, started + most_seconds - now))
        log.log(
            logging.INFO if is_drained else logging.WARNING,
            "the load balancer waits for nothing more"
            if is_drained
            else "the load balancer still waits for requests",
            extra={
                "event": "instance_drained",
                "outcome": "drained" if is_drained else "time_up",
                "waited_seconds": round(now - started, 1),
            },
        )

    def _stop_service(self) -> None:
        # The time for the hook begins anew: stopping may take as long as a running request does.
        self._ask_for_time()
        started = self._clock.monotonic()
        try:
            self._service.stop()
        except ServiceStopError as error:
            log.warning(
                "the service was not stopped; it ends with the instance",
                extra={"event": "instance_service_not_stopped", "cause": str(error)},
            )
            return
        log.info(
            "the service has ended",
            extra={
                "event": "instance_service_stopped",
                "waited_seconds": round(self._clock.monotonic() - started, 1),
            },
        )

    def _end(self) -> None:
        end = self._completion(DRAIN_HOOK, DRAIN_PATIENCE_SECONDS)
        self._listener.send("STATUS=Telling Auto Scaling that the instance may end")
        while not end.attempt():
            self._listener.send("WATCHDOG=1")
            self._clock.sleep(LOOK_SECONDS)

    def _ask_for_time(self) -> None:
        with self._trouble.told():
            # Where the hook does not wait yet, no time runs out.
            self._hooks.heartbeat(DRAIN_HOOK)

    def _completion(self, hook: str, patience_seconds: float) -> Completion:
        return Completion(self._hooks, hook, self._clock, self._trouble, patience_seconds)
