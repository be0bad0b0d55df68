"""Budgets: who is told, and tags."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets import responses
from moto.budgets.responses import BudgetsResponse
from tests.infra.emulator.gaps import replace, require_no_methods
from tests.infra.emulator.state import kept


class BudgetsWithSubscribers(BudgetsResponse):
    """moto's answers, with the subscribers of a notification, and tags."""

    def describe_subscribers_for_notification(self) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        subscribers: list[Any] = [
            subscriber
            for notification in budget.notifications
            if _same(notification.details, wanted)
            for subscriber in notification.subscribers
        ]
        return json.dumps({"Subscribers": subscribers, "NextToken": None})

    def create_budget(self) -> str:
        answer: str = super().create_budget()
        name = self._get_param("Budget")["BudgetName"]
        self._add_tags(f":budget/{name}", self._get_param("ResourceTags"))
        return answer

    def tag_resource(self) -> str:
        self._add_tags(self._resource, self._get_param("ResourceTags"))
        return "{}"

    def untag_resource(self) -> str:
        for key in self._get_param("ResourceTagKeys"):
            self._tags.get(self._resource, {}).pop(key, None)
        return "{}"

    def list_tags_for_resource(self) -> str:
        tags = self._tags.get(self._resource, {})
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    @property
    def _resource(self) -> str:
        """The end of the ARN, which tells one budget of the account from the others."""
        return f":{self._get_param('ResourceARN').rpartition(':')[2]}"

    @property
    def _tags(self) -> dict[str, dict[str, str]]:
        """Tags by the end of the ARN."""
        return kept(self.backend, "tags")

    def _add_tags(self, resource: str, tags: list[dict[str, str]] | None) -> None:
        self._tags.setdefault(resource, {}).update({tag["Key"]: tag["Value"] for tag in tags or []})


def extend() -> None:
    """Add the calls."""
    require_no_methods(
        BudgetsResponse,
        "describe_subscribers_for_notification",
        "tag_resource",
        "untag_resource",
        "list_tags_for_resource",
    )
    replace(responses, "BudgetsResponse", BudgetsWithSubscribers)


def _same(kept: dict[str, Any], wanted: dict[str, Any]) -> bool:
    names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    return all(kept.get(name) == wanted.get(name) for name in names)
