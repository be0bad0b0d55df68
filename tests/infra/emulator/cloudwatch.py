"""CloudWatch: composite alarms, whose state follows from those of others."""

from __future__ import annotations

import re
from typing import Any

from moto.cloudwatch import responses
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult
from tests.infra.emulator.gaps import reads, replace, require_lacking, require_no_methods, takes

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
_TOKEN = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*\"?(?P<name>[^\"()]+?)\"?\s*\)|(?P<word>AND|OR|NOT|TRUE|FALSE|[()]))",
)
_PYTHON = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False", "(": "(", ")": ")"}


class CompositeAlarm(Alarm):
    """An alarm with a rule.

    Args:
        backend: Where the alarms of its rule are.
        parameters: The request.
    """

    def __init__(self, backend: CloudWatchBackend, parameters: dict[str, Any]) -> None:
        self._alarms: dict[str, Alarm] = backend.alarms
        self._set: tuple[str, bool] | None = None
        self.rule: str | None = None
        super().__init__(
            account_id=backend.account_id,
            region_name=backend.region_name,
            name=parameters["AlarmName"],
            namespace=None,
            metric_name=None,
            metric_data_queries=None,
            comparison_operator=None,
            evaluation_periods=None,
            datapoints_to_alarm=None,
            period=None,
            threshold=None,
            statistic=None,
            extended_statistic=None,
            description=parameters.get("AlarmDescription"),
            dimensions=[],
            alarm_actions=parameters.get("AlarmActions", []),
            ok_actions=parameters.get("OKActions", []),
            insufficient_data_actions=parameters.get("InsufficientDataActions", []),
            unit=None,
            actions_enabled=parameters.get("ActionsEnabled", True),
            treat_missing_data=None,
            evaluate_low_sample_count_percentile=None,
            threshold_metric_id=None,
            rule=parameters["AlarmRule"],
        )
        # moto looks for these under other names in a class of this name.
        self.alarm_name = self.name
        self.alarm_description = self.description
        self.alarm_rule = parameters["AlarmRule"]
        self.actions_suppressor = parameters.get("ActionsSuppressor")
        self.actions_suppressor_wait_period = parameters.get("ActionsSuppressorWaitPeriod")
        self.actions_suppressor_extension_period = parameters.get("ActionsSuppressorExtensionPeriod")

    @property
    def state_value(self) -> str:
        """What the rule says; or what was set by hand, until the rule says something else than it did then."""
        holds = _holds(self.rule, self._alarms) if self.rule else False
        if self._set is not None and self._set[1] != holds:
            self._set = None
        if self._set is not None:
            return self._set[0]
        return "ALARM" if holds else "OK"

    @state_value.setter
    def state_value(self, value: str) -> None:
        # While it is made, it has no rule yet, and its state is nobody's wish.
        self._set = (value, _holds(self.rule, self._alarms)) if self.rule else None


class CloudWatchWithComposites(CloudWatchResponse):
    """moto's answers, with composite alarms."""

    def put_composite_alarm(self) -> ActionResult:
        parameters = self._get_params()
        alarm = CompositeAlarm(self.cloudwatch_backend, parameters)
        self.cloudwatch_backend.alarms[alarm.name] = alarm
        if parameters.get("Tags"):
            self.cloudwatch_backend.tagger.tag_resource(alarm.alarm_arn, parameters["Tags"])
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        """Describe alarms of the types that are asked for: metric alarms alone, where none is named."""
        answer = super().describe_alarms()
        found: dict[str, list[Alarm]] = answer.result
        kinds = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
        return ActionResult({f"{kind}s": found[f"{kind}s"] for kind in kinds if f"{kind}s" in found})


def extend() -> None:
    """Add composite alarms."""
    require_no_methods(CloudWatchResponse, "put_composite_alarm")
    require_lacking(
        "tell metric from composite alarms",
        lacking=not reads(CloudWatchResponse.describe_alarms, "AlarmTypes"),
    )
    require_lacking(
        "suppress actions", lacking=not takes(CloudWatchBackend.put_metric_alarm, "actions_suppressor")
    )
    replace(responses, "CloudWatchResponse", CloudWatchWithComposites)


def _holds(rule: str, alarms: dict[str, Alarm]) -> bool:
    """Evaluate a rule.

    Raises:
        ValueError: It is none.
    """
    words: list[str] = []
    at = 0
    while rule[at:].strip():
        token = _TOKEN.match(rule, at)
        if token is None:
            raise ValueError(f"Not a rule of alarms, from {rule[at : at + 40]!r} on.")
        at = token.end()
        if token["word"]:
            words.append(_PYTHON[token["word"]])
        else:
            # By name or by ARN, which ends with the name.
            alarm = alarms.get(token["name"].rpartition(":alarm:")[2])
            words.append(str(alarm is not None and alarm.state_value == token["state"]))
    # Nothing but the words above gets here.
    return bool(eval(" ".join(words), {"__builtins__": {}}))
