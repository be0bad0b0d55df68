"""How often: the budgets of a caller's plan, told on every answer and kept.

The fields are those of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (its 10th draft).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from flask import g

from files_api.domain.access import Scope
from files_api.domain.errors import RateLimited
from files_api.domain.plans import Budget
from files_api.telemetry import metrics
from files_api.web.access import current_caller, current_need
from files_api.web.client_address import network_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response

    from files_api.domain.plans import Standing

_BUDGET_OF: Mapping[object, Budget] = MappingProxyType(
    {
        Scope.READ: Budget.READS,
        Scope.WRITE: Budget.WRITES,
        Scope.DELETE: Budget.WRITES,
        Scope.GENERATE: Budget.GENERATIONS,
    }
)


class RequestCounter(Protocol):
    """Counts requests a minute."""

    def count(self, key: str, limit: int) -> Standing | None:
        """Count one more for this key, and tell how it stands; None where that cannot be found out."""


class Limits:
    """Keeps callers within their budgets.

    Args:
        counter: Counts.
    """

    def __init__(self, counter: RequestCounter) -> None:
        self._counter = counter

    def watch(self, app: Flask) -> None:
        """Stand behind the gate, which knows the caller."""
        app.before_request(self._count)
        app.after_request(_tell)

    def _count(self) -> None:
        budget = _BUDGET_OF.get(current_need())
        if budget is None:
            return
        caller = current_caller()
        limit = caller.plan.per_minute(budget)
        if limit is None:
            return
        # Whoever needs no credential is told apart by address.
        who = caller.subject if caller.key_id is not None else f"address:{network_of(g.client_address)}"
        standing = self._counter.count(f"{budget}:{who}", limit)
        if standing is None:
            metrics.record_limits_unavailable()
            return
        g.standing = (budget, standing)
        if standing.is_over:
            metrics.record_limit_hit(budget)
            raise RateLimited(f"There are {limit} {budget} a minute for this caller.", standing.reset_seconds)


def _tell(response: Response) -> Response:
    told: tuple[Budget, Standing] | None = g.get("standing")
    if told is not None:
        budget, standing = told
        response.headers["RateLimit-Policy"] = f'"{budget}";q={standing.limit};w={standing.window_seconds}'
        response.headers["RateLimit"] = f'"{budget}";r={standing.remaining};t={standing.reset_seconds}'
    return response
