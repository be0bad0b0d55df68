"""An instance of a group, simulated from its launch to its end.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html has the states. Inside of it runs
what would run there: an image that works completes its group's hooks by itself, as CompleteLifecycleAction would. An
image with the tag `emulator:boots` = `no` is a release whose service never gets ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import InstanceState

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance
    from tests.infra.emulator.autoscaling.configurations import Choice
    from tests.infra.emulator.autoscaling.groups import SimulatedGroup
    from tests.infra.emulator.autoscaling.hooks import Hook

#: Simulated seconds from the launch until the service answers.
BOOT_SECONDS = 45.0
#: Simulated seconds from the registration until the load balancer has seen it healthy.
HEALTH_CHECK_SECONDS = 30.0
#: The tag of an image whose instances never get ready.
BOOTS_TAG = "emulator:boots"

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class SimulatedInstance(InstanceState):
    """One member of a group.

    Args:
        instance: The EC2 instance.
        group: Its group.
        choice: What it was launched from, which no later change of the group changes.
    """

    def __init__(self, instance: Instance, group: SimulatedGroup, choice: Choice) -> None:
        super().__init__(
            instance,
            lifecycle_state="Pending",
            protected_from_scale_in=group.new_instances_protected_from_scale_in,
            autoscaling_group=group,
        )
        self.group = group
        self.choice = choice
        self.image_id = instance.image_id
        self.boots = _boots(group, instance.image_id)
        self._since = group.clock.now
        self._heartbeats_from = group.clock.now
        self._launched_at = group.clock.now
        self._registered_at: float | None = None
        self._deregistered: dict[str, float] = {}
        #: How the pending action of the hook has been completed, None while it is waited for.
        self.completed_with: str | None = None
        self._enter("Pending:Wait" if group.hook(LAUNCHING) else "Pending")

    @property
    def launch_template(self) -> dict[str, str]:
        return self.choice.specification

    @property
    def is_leaving(self) -> bool:
        return self.lifecycle_state.startswith("Terminat")

    @property
    def in_service_seconds(self) -> float:
        return self.group.clock.now - self._since if self.lifecycle_state == "InService" else 0.0

    @property
    def target_state(self) -> str:
        """What the load balancer thinks of it: initial, healthy or unhealthy."""
        if self._registered_at is None or self.group.clock.now - self._registered_at < HEALTH_CHECK_SECONDS:
            return "initial"
        return "healthy" if self._has_booted else "unhealthy"

    @property
    def is_healthy(self) -> bool:
        if self.lifecycle_state != "InService" or self.health_status != "Healthy":
            return False
        return not self.group.target_group_arns or self.target_state == "healthy"

    def is_draining(self, target_group_arn: str) -> bool:
        """Tell whether this target group still lets its running requests end."""
        since = self._deregistered.get(target_group_arn)
        return since is not None and self.group.clock.now - since < self.group.deregistration_delay(
            target_group_arn
        )

    def heartbeat(self) -> None:
        """Take a RecordLifecycleActionHeartbeat: the waiting begins anew."""
        self._heartbeats_from = self.group.clock.now

    def leave(self) -> None:
        """Begin to go: out of the target groups first, then, once the hook is completed, for good."""
        if self.is_leaving:
            return
        for arn in self.group.target_group_arns:
            if self.group.deregister(arn, self.instance.id):
                self._deregistered[arn] = self.group.clock.now
        self.completed_with = None
        self._enter("Terminating:Wait" if self.group.hook(TERMINATING) else "Terminating")

    def step(self) -> None:
        """Do what time does to it."""
        match self.lifecycle_state:
            case "Pending":
                self._enter_service()
            case "Pending:Wait":
                if self._has_booted:
                    self.completed_with = self.completed_with or "CONTINUE"
                self._end_waiting(LAUNCHING)
            case "Terminating":
                if not self._drains:
                    self._vanish()
            case "Terminating:Wait":
                if not self._drains:
                    self.completed_with = self.completed_with or "CONTINUE"
                self._end_waiting(TERMINATING)

    @property
    def _has_booted(self) -> bool:
        return self.boots and self.group.clock.now - self._launched_at >= BOOT_SECONDS

    @property
    def _drains(self) -> bool:
        return any(self.is_draining(arn) for arn in self._deregistered)

    def _end_waiting(self, transition: str) -> None:
        hook = self.group.hook(transition)
        outcome = self.completed_with
        if outcome is None:
            outcome = "CONTINUE" if hook is None else self._outcome_after(hook)
        if outcome is None:
            return
        if transition == TERMINATING:
            self._vanish()
        elif outcome == "CONTINUE":
            self._enter_service()
        else:
            self.leave()

    def _outcome_after(self, hook: Hook) -> str | None:
        """What happens to whoever has not answered in time."""
        waited = self.group.clock.now - self._heartbeats_from
        return hook.default_result if waited >= hook.heartbeat_timeout else None

    def _enter_service(self) -> None:
        for arn in self.group.target_group_arns:
            self.group.register(arn, self.instance.id)
        self._registered_at = self.group.clock.now
        self._enter("InService")

    def _vanish(self) -> None:
        self._enter("Terminated")
        self.group.forget(self)

    def _enter(self, state: str) -> None:
        self.lifecycle_state = state
        self._since = self.group.clock.now
        self._heartbeats_from = self._since


def _boots(group: SimulatedGroup, image_id: str) -> bool:
    images: list[Any] = group.ec2_backend.describe_images(ami_ids=[image_id])
    tags = images[0].get_tags() if images else []
    return not any(tag["key"] == BOOTS_TAG and tag["value"] == "no" for tag in tags)
