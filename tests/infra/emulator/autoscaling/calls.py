"""The calls of EC2 Auto Scaling that moto lacks, and those that it answers by halves."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from tests.infra.emulator.autoscaling.configurations import Configuration
from tests.infra.emulator.autoscaling.hooks import Hook, hook_from
from tests.infra.emulator.autoscaling.preferences import Preferences
from tests.infra.emulator.autoscaling.refreshes import Refresh
from tests.infra.emulator.state import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.emulator.autoscaling.groups import SimulatedGroup
    from tests.infra.emulator.autoscaling.instances import SimulatedInstance
    from tests.infra.emulator.autoscaling.policies import SwitchablePolicy

_USUAL_GRACE_SECONDS = 300
# Terraform asks from several threads, and a simulation that two of them move at once moves wrongly.
_one_at_a_time = threading.RLock()


def _alone(call: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    @functools.wraps(call)
    def alone(self: Any) -> ActionResult:
        with _one_at_a_time:
            return call(self)

    return alone


class SimulatedAutoScaling(AutoScalingResponse):
    """moto's answers, with the simulation behind them."""

    @_alone
    def create_auto_scaling_group(self) -> ActionResult:
        answer = super().create_auto_scaling_group()
        self._group().keep(self._get_params())
        return answer

    @_alone
    def update_auto_scaling_group(self) -> ActionResult:
        answer = super().update_auto_scaling_group()
        self._group().keep(self._get_params())
        return answer

    @_alone
    def delete_auto_scaling_group(self) -> ActionResult:
        group = self._group()
        if group.instance_states and not self._get_bool_param("ForceDelete", False):
            raise AutoscalingClientError(
                "ResourceInUse",
                f"You cannot delete an AutoScalingGroup while there are instances: {group.name}",
            )
        for member in list(group.instance_states):
            group.forget(member)
        del self.autoscaling_backend.autoscaling_groups[group.name]
        for name in [key for key, hook in self._hooks.items() if hook.auto_scaling_group_name == group.name]:
            del self._hooks[name]
        for name in [key for key in self._policies if key.startswith(f"{group.name}/")]:
            del self._policies[name]
        return EmptyResult()

    @_alone
    def describe_auto_scaling_groups(self) -> ActionResult:
        names = self._get_param("AutoScalingGroupNames", [])
        for group in self.autoscaling_backend.describe_auto_scaling_groups(names):
            group.step()
        return super().describe_auto_scaling_groups()

    @_alone
    def describe_auto_scaling_instances(self) -> ActionResult:
        for group in self.autoscaling_backend.autoscaling_groups.values():
            group.step()
        return super().describe_auto_scaling_instances()

    @_alone
    def set_desired_capacity(self) -> ActionResult:
        return super().set_desired_capacity()

    @_alone
    def start_instance_refresh(self) -> ActionResult:
        group = self._group()
        if group.refresh is not None:
            raise AutoscalingClientError(
                "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks this one."
            )
        parameters = self._get_params()
        wanted = parameters.get("DesiredConfiguration")
        usual = group.health_check_grace_period or _USUAL_GRACE_SECONDS
        warmup = getattr(group, "default_instance_warmup", None)
        preferences = Preferences.from_request(
            parameters.get("Preferences") or {}, usual_warmup_seconds=usual if warmup is None else warmup
        )
        if preferences.auto_rollback and not wanted:
            raise ValidationError(
                "The AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty."
            )
        configuration = Configuration.from_request(wanted) if wanted else group.configuration
        # Whoever names a version or a template that is not there hears of it now.
        for choice in configuration.choices(self.autoscaling_backend.ec2_backend):
            choice.template(self.autoscaling_backend.ec2_backend)
        group.refreshes.insert(0, Refresh(group, wanted, configuration, preferences))
        return ActionResult({"InstanceRefreshId": group.refreshes[0].instance_refresh_id})

    @_alone
    def describe_instance_refreshes(self) -> ActionResult:
        group = self._group()
        group.step()
        wanted = self._get_param("InstanceRefreshIds", [])
        found = [one for one in group.refreshes if not wanted or one.instance_refresh_id in wanted]
        return ActionResult({"InstanceRefreshes": found[: self._get_int_param("MaxRecords", 50)]})

    @_alone
    def cancel_instance_refresh(self) -> ActionResult:
        refresh = self._active_refresh()
        refresh.cancel()
        return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})

    @_alone
    def rollback_instance_refresh(self) -> ActionResult:
        refresh = self._active_refresh()
        if refresh.desired_configuration is None or refresh.rollback_details is not None:
            raise AutoscalingClientError("IrreversibleInstanceRefresh", "This refresh cannot be rolled back.")
        refresh.roll_back("Rollback requested by user.")
        return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})

    @_alone
    def put_lifecycle_hook(self) -> ActionResult:
        parameters = self._get_params()
        key = f"{parameters['AutoScalingGroupName']}_{parameters['LifecycleHookName']}"
        self._group()
        self._hooks[key] = hook_from(parameters, self._hooks.get(key))
        return EmptyResult()

    @_alone
    def complete_lifecycle_action(self) -> ActionResult:
        self._waiting_member().completed_with = self._get_param("LifecycleActionResult")
        return EmptyResult()

    @_alone
    def record_lifecycle_action_heartbeat(self) -> ActionResult:
        self._waiting_member().heartbeat()
        return EmptyResult()

    @_alone
    def put_scaling_policy(self) -> ActionResult:
        answer = super().put_scaling_policy()
        parameters = self._get_params()
        # moto knows one policy of a name; here each group may have one of that name.
        policy = self._policies.pop(parameters["PolicyName"])
        policy.keep(parameters)
        self._policies[f"{parameters['AutoScalingGroupName']}/{policy.name}"] = policy
        return answer

    @_alone
    def delete_policy(self) -> ActionResult:
        key = f"{self._get_param('AutoScalingGroupName')}/{self._get_param('PolicyName')}"
        if self._policies.pop(key, None) is None:
            raise ValidationError(f"There is no policy {key}.")
        return EmptyResult()

    def put_notification_configuration(self) -> ActionResult:
        topics = self._notifications.setdefault(self._group().name, {})
        topics[self._get_param("TopicARN")] = list(self._get_param("NotificationTypes", []))
        return EmptyResult()

    def describe_notification_configurations(self) -> ActionResult:
        names = self._get_param("AutoScalingGroupNames", [])
        return ActionResult(
            {
                "NotificationConfigurations": [
                    {"AutoScalingGroupName": name, "TopicARN": topic, "NotificationType": kind}
                    for name, topics in self._notifications.items()
                    if not names or name in names
                    for topic, kinds in topics.items()
                    for kind in kinds
                ]
            }
        )

    def delete_notification_configuration(self) -> ActionResult:
        topics = self._notifications.get(self._get_param("AutoScalingGroupName"), {})
        topics.pop(self._get_param("TopicARN"), None)
        return EmptyResult()

    def disable_metrics_collection(self) -> ActionResult:
        group = self._group()
        given_up = self._get_param("Metrics", []) or group.metrics
        group.metrics = [metric for metric in group.metrics if metric not in given_up]
        return EmptyResult()

    @property
    def _hooks(self) -> dict[str, Hook]:
        hooks: dict[str, Hook] = self.autoscaling_backend.lifecycle_hooks
        return hooks

    @property
    def _policies(self) -> dict[str, SwitchablePolicy]:
        """Policies by group and name."""
        policies: dict[str, SwitchablePolicy] = self.autoscaling_backend.policies
        return policies

    @property
    def _notifications(self) -> dict[str, dict[str, list[str]]]:
        """Kinds of notifications, by group and topic."""
        return kept(self.autoscaling_backend, "notifications")

    def _group(self) -> SimulatedGroup:
        name = self._get_param("AutoScalingGroupName")
        group: SimulatedGroup | None = self.autoscaling_backend.autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return group

    def _active_refresh(self) -> Refresh:
        refresh = self._group().refresh
        if refresh is None:
            raise AutoscalingClientError(
                "ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh."
            )
        return refresh

    def _waiting_member(self) -> SimulatedInstance:
        """Find the instance whose action is to be completed: the group names it by its id or by a token."""
        hook = self._hooks.get(f"{self._group().name}_{self._get_param('LifecycleHookName')}")
        instance_id = self._get_param("InstanceId")
        for member in self._group().instance_states:
            state = (
                "Pending:Wait"
                if hook and hook.lifecycle_transition.endswith("LAUNCHING")
                else "Terminating:Wait"
            )
            if hook is not None and member.instance.id == instance_id and member.lifecycle_state == state:
                waiting: SimulatedInstance = member
                return waiting
        raise ValidationError(f"No active Lifecycle Action found with instance ID {instance_id}")
