"""X-Ray: sampling rules and groups."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition
from moto.xray import responses, urls
from moto.xray.responses import XRayResponse
from tests.infra.emulator.gaps import replace, require_lacking, require_no_methods
from tests.infra.emulator.state import kept

_CALLS = (
    *("CreateSamplingRule", "GetSamplingRules", "UpdateSamplingRule", "DeleteSamplingRule"),
    *("CreateGroup", "GetGroup", "Groups", "UpdateGroup", "DeleteGroup"),
    *("ListTagsForResource", "TagResource", "UntagResource"),
)


class XRayWithRules(XRayResponse):
    """moto's answers, with sampling rules and groups."""

    def create_sampling_rule(self) -> str:
        given = self._get_param("SamplingRule")
        name = given["RuleName"]
        now = time.time()
        rule = {"Attributes": {}, **given, "RuleARN": self._arn(f"sampling-rule/{name}")}
        self._rules[name] = {"SamplingRule": rule, "CreatedAt": now, "ModifiedAt": now}
        self._tags[rule["RuleARN"]] = _as_map(self._get_param("Tags"))
        return json.dumps({"SamplingRuleRecord": self._rules[name]})

    def get_sampling_rules(self) -> str:
        return json.dumps({"SamplingRuleRecords": list(self._rules.values())})

    def update_sampling_rule(self) -> Any:
        update = self._get_param("SamplingRuleUpdate")
        record = next((one for one in self._rules.values() if _is(one["SamplingRule"], update)), None)
        if record is None:
            return self._missing("sampling rule")
        record["SamplingRule"].update(update)
        record["ModifiedAt"] = time.time()
        return json.dumps({"SamplingRuleRecord": record})

    def delete_sampling_rule(self) -> Any:
        wanted = self._get_param("RuleName")
        record = self._rules.pop(wanted or self._get_param("RuleARN").rpartition("/")[2], None)
        return (
            self._missing("sampling rule") if record is None else json.dumps({"SamplingRuleRecord": record})
        )

    def create_group(self) -> str:
        name = self._get_param("GroupName")
        group = {
            "GroupName": name,
            "GroupARN": self._arn(f"group/{name}/{mock_random.get_random_string(32).upper()}"),
            "FilterExpression": self._get_param("FilterExpression"),
            "InsightsConfiguration": self._get_param("InsightsConfiguration")
            or {"InsightsEnabled": False, "NotificationsEnabled": False},
        }
        self._groups[group["GroupARN"]] = group
        self._tags[group["GroupARN"]] = _as_map(self._get_param("Tags"))
        return json.dumps({"Group": group})

    def get_group(self) -> Any:
        group = self._group()
        return self._missing("group") if group is None else json.dumps({"Group": group})

    def groups(self) -> str:
        return json.dumps({"Groups": list(self._groups.values())})

    def update_group(self) -> Any:
        group = self._group()
        if group is None:
            return self._missing("group")
        given = {name: self._get_param(name) for name in ("FilterExpression", "InsightsConfiguration")}
        group.update({name: value for name, value in given.items() if value is not None})
        return json.dumps({"Group": group})

    def delete_group(self) -> Any:
        group = self._group()
        if group is None:
            return self._missing("group")
        del self._groups[group["GroupARN"]]
        return "{}"

    def list_tags_for_resource(self) -> str:
        tags = self._tags.get(self._get_param("ResourceARN"), {})
        return json.dumps({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self) -> str:
        self._tags.setdefault(self._get_param("ResourceARN"), {}).update(_as_map(self._get_param("Tags")))
        return "{}"

    def untag_resource(self) -> str:
        for key in self._get_param("TagKeys"):
            self._tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    def _group(self) -> dict[str, Any] | None:
        name, arn = self._get_param("GroupName"), self._get_param("GroupARN")
        return next(
            (one for one in self._groups.values() if name == one["GroupName"] or arn == one["GroupARN"]), None
        )

    def _missing(self, what: str) -> tuple[str, dict[str, int]]:
        refusal: tuple[str, dict[str, int]] = self._error(
            "InvalidRequestException", f"There is no such {what}."
        )
        return refusal

    def _arn(self, resource: str) -> str:
        return f"arn:{get_partition(self.region)}:xray:{self.region}:{self.current_account}:{resource}"

    @property
    def _rules(self) -> dict[str, dict[str, Any]]:
        """Sampling rules by name."""
        return kept(self.xray_backend, "sampling_rules")

    @property
    def _groups(self) -> dict[str, dict[str, Any]]:
        return kept(self.xray_backend, "groups")

    @property
    def _tags(self) -> dict[str, dict[str, str]]:
        return kept(self.xray_backend, "tags")


def extend() -> None:
    """Add the calls and their paths, which are their names."""
    require_no_methods(XRayResponse, "create_sampling_rule", "create_group", "list_tags_for_resource")
    replace(responses, "XRayResponse", XRayWithRules)
    for call in _CALLS:
        path = f"{{0}}/{call}$"
        require_lacking(f"answer X-Ray's {call}", lacking=path not in urls.url_paths)
        urls.url_paths[path] = XRayWithRules.dispatch


def _as_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def _is(rule: dict[str, Any], named: dict[str, Any]) -> bool:
    return any(key in named and rule[key] == named[key] for key in ("RuleName", "RuleARN"))
