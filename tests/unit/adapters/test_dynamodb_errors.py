"""What goes wrong with DynamoDB, told once a minute, and never a pass."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import NoCredentialsError

from files_api.adapters.dynamodb.errors import NowAndThen, translated
from files_api.domain.errors import AccessUnavailable


def test_the_same_thing_is_told_again_after_a_minute() -> None:
    now = [100.0]
    may = NowAndThen(lambda: now[0]).may

    told = []
    for now[0] in (100.0, 130.0, 159.9, 160.0, 161.0):
        told.append(may("table", "AccessDenied"))

    assert told == [True, False, False, True, False]


def test_another_thing_is_told_at_once() -> None:
    may = NowAndThen(lambda: 0.0).may
    may("table", "AccessDenied")

    assert may("table", "ResourceNotFound")
    assert may("another", "AccessDenied")


def test_a_service_without_credentials_lets_nobody_pass_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = uuid.uuid4().hex  # nothing about it was told in another test

    with pytest.raises(AccessUnavailable), translated(table):
        raise NoCredentialsError

    (record,) = caplog.records
    assert (vars(record)["table"], vars(record)["code"]) == (table, "NoCredentialsError")
