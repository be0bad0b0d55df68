"""A refresh is followed to its end, through what AWS does meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from tests.unit.operations.clocks import StandingClock

from files_api.operations.cloud.refreshes import Refresh
from files_api.operations.errors import OperationError
from files_api.operations.following import Follower

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUP = "files-api-dev-blue"


class Answers:
    """Refreshes that AWS would tell of, one answer after the other; the last one again and again."""

    def __init__(self, answers: Sequence[Refresh | Exception | None]) -> None:
        self._answers = list(answers)

    def read(self, _group: str, _refresh_id: str) -> Refresh | None:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def newest(self, _group: str) -> Refresh | None:
        return self.read(_group, "")

    def start(self, *_arguments: object) -> str:
        raise AssertionError("nothing is started here")


def _refresh(status: str, percentage: int = 0, reason: str = "") -> Refresh:
    return Refresh("r-1", status, reason, percentage)


def _refused(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "Rate exceeded"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "DescribeInstanceRefreshes",
    )


def _follower(answers: Answers, clock: StandingClock, lines: list[str]) -> Follower:
    return Follower(answers, clock, lines.append, poll_seconds=15)  # type: ignore[arg-type]


def test_it_is_followed_until_it_has_ended() -> None:
    clock = StandingClock()
    answers = Answers([_refresh("Pending"), _refresh("InProgress", 50), _refresh("Successful", 100)])

    refresh = _follower(answers, clock, []).follow(GROUP, "r-1")

    assert refresh.status == "Successful"
    assert clock.slept == [15, 15]


@pytest.mark.parametrize(
    "status", ["Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"]
)
def test_each_end_is_an_end(status: str) -> None:
    refresh = _follower(Answers([_refresh(status)]), StandingClock(), []).follow(GROUP, "r-1")

    assert refresh.status == status


@pytest.mark.parametrize(
    "status",
    ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"],
)
def test_nothing_else_is_an_end(status: str) -> None:
    answers = Answers([_refresh(status), _refresh("Failed")])

    assert _follower(answers, StandingClock(), []).follow(GROUP, "r-1").status == "Failed"


def test_each_change_is_told_once() -> None:
    lines: list[str] = []
    answers = Answers(
        [
            _refresh("InProgress", 50),
            _refresh("InProgress", 50),
            _refresh("InProgress", 50),
            _refresh("Successful", 100),
        ]
    )

    _follower(answers, StandingClock(), lines).follow(GROUP, "r-1")

    assert [line.partition(": ")[2] for line in lines] == ["InProgress, 50 %", "Successful, 100 %"]


def test_a_throttled_look_is_taken_again() -> None:
    answers = Answers([_refused("Throttling"), _refresh("Successful", 100)])

    assert _follower(answers, StandingClock(), []).follow(GROUP, "r-1").status == "Successful"


def test_aws_may_not_be_away_for_ever() -> None:
    clock = StandingClock()

    with pytest.raises(OperationError, match=r"goes on, but cannot be looked at: .*ServiceUnavailable"):
        _follower(Answers([_refused("ServiceUnavailable", 503)]), clock, []).follow(GROUP, "r-1")

    assert 300 < clock.elapsed() < 400


def test_a_refusal_that_will_not_pass_ends_it_at_once() -> None:
    clock = StandingClock()

    with pytest.raises(OperationError, match="AccessDenied"):
        _follower(Answers([_refused("AccessDenied", 403)]), clock, []).follow(GROUP, "r-1")

    assert clock.slept == []


def test_a_refresh_that_is_not_known_is_an_error() -> None:
    with pytest.raises(OperationError, match="AWS knows no refresh r-1"):
        _follower(Answers([None]), StandingClock(), []).follow(GROUP, "r-1")


def test_the_newest_one_is_not_followed_where_it_has_ended() -> None:
    lines: list[str] = []

    _follower(Answers([_refresh("Failed")]), StandingClock(), lines).follow_newest(GROUP)

    assert lines == []


def test_the_newest_one_that_ends_badly_fails_with_its_reason() -> None:
    answers = Answers(
        [
            _refresh("InProgress", 20),
            _refresh("InProgress", 20),
            _refresh("RollbackSuccessful", 20, "Alarm files-api-dev-burning is in ALARM."),
        ]
    )

    with pytest.raises(
        OperationError, match="did not end well: RollbackSuccessful, 20 %; Alarm files-api-dev-burning"
    ):
        _follower(answers, StandingClock(), []).follow_newest(GROUP)
