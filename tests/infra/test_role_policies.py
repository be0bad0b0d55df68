"""What decides, in the tests, whether a role may do something: it must decide as IAM does, or the tests say nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.infra.role_demands import Account, Request, demands_of
from tests.infra.role_policies import Demand, UnknownPolicyElementError, allowed, statements_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
_ACCOUNT = Account("123456789012", "us-east-1", _KEY)
_FILE = "arn:aws:s3:::files/a"


def _allows(demand: Demand, *statements: dict[str, Any]) -> bool:
    whole = [
        {"Sid": "Each", "Effect": "Allow", "Action": "s3:GetObject", "Resource": _FILE, **statement}
        for statement in statements
    ]
    return allowed(demand, statements_of({"policy": json.dumps({"Statement": whole})}))


# Statements ----------------------------------------------------------------------------------------------------------


def test_what_nobody_allows_is_denied() -> None:
    assert not _allows(Demand("s3:GetObject", _FILE))


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", _FILE, True),
        ("S3:getobject", _FILE, True),  # actions have no case
        ("s3:GetObjectVersion", _FILE, False),
        ("s3:GetObject", "arn:aws:s3:::files/A", False),  # resources have
        ("s3:GetObject", "arn:aws:s3:::files/ab", False),
        ("s3:GetObject", "arn:aws:s3:::files", False),
    ],
)
def test_a_statement_speaks_of_its_actions_and_resources(
    action: str, resource: str, *, expected: bool
) -> None:
    assert _allows(Demand(action, resource), {}) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::files/*", "arn:aws:s3:::files/a/b", True),
        ("arn:aws:s3:::files/*", "arn:aws:s3:::files-of-others/a", False),
        ("arn:aws:s3:::files/*", "arn:aws:s3:::files", False),
        ("arn:aws:s3:::files/?", "arn:aws:s3:::files/a", True),
        ("arn:aws:s3:::files/?", "arn:aws:s3:::files/ab", False),
        ("arn:aws:s3:::files/a.b", "arn:aws:s3:::files/axb", False),  # a dot is a dot
        ("*", "arn:aws:s3:::anything", True),
    ],
)
def test_wildcards_are_those_of_iam(pattern: str, resource: str, *, expected: bool) -> None:
    assert _allows(Demand("s3:GetObject", resource), {"Resource": pattern}) is expected


def test_a_denial_outweighs_every_permission() -> None:
    assert not _allows(Demand("s3:GetObject", _FILE), {}, {"Effect": "Deny"}, {})


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": ["a"]}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": ["b"]}, True),
        ({"StringEquals": {"k": "a"}}, {"k": ["A"]}, False),
        ({"StringEquals": {"k": "a*"}}, {"k": ["ab"]}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringLike": {"k": "a*"}}, {"k": ["ab"]}, True),
        ({"StringLike": {"k": "a*"}}, {"k": ["b"]}, False),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["b", "a"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {"k": ["b"]}, False),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": ["a"]}, False),
        ({"StringEquals": {"k": "a"}, "StringLike": {"l": "b*"}}, {"k": ["a"], "l": ["bc"]}, True),
    ],
)
def test_all_conditions_must_hold(
    condition: dict[str, Any], context: Mapping[str, Sequence[str]], *, expected: bool
) -> None:
    assert _allows(Demand("s3:GetObject", _FILE, context), {"Condition": condition}) is expected


@pytest.mark.parametrize(
    "unknown",
    [{"NotAction": "s3:*"}, {"Principal": "*"}, {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}],
)
def test_what_is_not_known_is_not_guessed(unknown: dict[str, Any]) -> None:
    with pytest.raises(UnknownPolicyElementError):
        _allows(Demand("s3:GetObject", _FILE), unknown)


# What calls need -----------------------------------------------------------------------------------------------------


def _needs(
    method: str, path: str, query: str = "", target: str = "", body: Any = None
) -> list[tuple[str, str]]:
    request = Request(method, path, query, target, json.dumps(body).encode())
    return [(demand.action, demand.resource) for demand in demands_of(request, _ACCOUNT)]


@pytest.mark.parametrize(
    ("method", "query", "actions"),
    [
        ("GET", "", ["s3:GetObject", "kms:Decrypt"]),
        ("HEAD", "", ["s3:GetObject", "kms:Decrypt"]),
        ("GET", "versionId=1", ["s3:GetObjectVersion"]),
        ("GET", "tagging=", ["s3:GetObjectTagging"]),
        ("PUT", "tagging=&versionId=1", ["s3:PutObjectVersionTagging"]),
        ("PUT", "", ["s3:PutObject", "kms:GenerateDataKey"]),
        ("POST", "uploads=", ["s3:PutObject", "kms:GenerateDataKey"]),
        ("PUT", "partNumber=1&uploadId=u", ["s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"]),
        ("POST", "uploadId=u", ["s3:PutObject", "kms:Decrypt"]),
        ("DELETE", "uploadId=u", ["s3:AbortMultipartUpload"]),
        ("DELETE", "", ["s3:DeleteObject"]),
        ("DELETE", "versionId=1", ["s3:DeleteObjectVersion"]),
    ],
)
def test_each_call_of_a_file_needs_its_rights(method: str, query: str, actions: list[str]) -> None:
    needed = _needs(method, "/files/a/b%20c", query)

    assert [action for action, _ in needed] == actions
    assert needed[0][1] == "arn:aws:s3:::files/a/b c"


@pytest.mark.parametrize(
    ("method", "query", "action"),
    [
        ("GET", "list-type=2&prefix=a", "s3:ListBucket"),
        ("HEAD", "", "s3:ListBucket"),
        ("GET", "versions=", "s3:GET?versions"),  # no action of IAM: nobody can have allowed it
        ("PUT", "policy=", "s3:PUT?policy"),
        ("DELETE", "", "s3:DELETE?"),
    ],
)
def test_each_call_of_a_bucket_needs_its_rights(method: str, query: str, action: str) -> None:
    assert _needs(method, "/files", query) == [(action, "arn:aws:s3:::files")]


def test_a_transaction_needs_the_right_of_each_of_its_operations() -> None:
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    operations = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "t"}}]

    needed = _needs(
        "POST", "/", target="DynamoDB_20120810.TransactWriteItems", body={"TransactItems": operations}
    )

    assert needed == [
        ("dynamodb:PutItem", table),
        ("dynamodb:ConditionCheckItem", table),
        ("kms:Decrypt", _KEY),
    ]


def test_a_secret_needs_the_right_to_decrypt_just_this_one() -> None:
    body = {"Name": "/files-api/tests/secrets/a", "WithDecryption": True}
    request = Request("POST", "/", "", "AmazonSSM.GetParameter", json.dumps(body).encode())

    read, decrypt = demands_of(request, _ACCOUNT)

    parameter = "arn:aws:ssm:us-east-1:123456789012:parameter/files-api/tests/secrets/a"
    assert read == Demand("ssm:GetParameter", parameter)
    assert (decrypt.action, decrypt.context["kms:EncryptionContext:PARAMETER_ARN"]) == (
        "kms:Decrypt",
        [parameter],
    )


def test_a_line_of_a_log_needs_the_right_to_its_stream() -> None:
    body = {"logGroupName": "/files-api/tests/audit", "logStreamName": "s"}
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/files-api/tests/audit"

    assert _needs("POST", "/", target="Logs_20140328.PutLogEvents", body=body) == [
        ("logs:PutLogEvents", f"{group}:log-stream:s")
    ]
    assert _needs("POST", "/", target="Logs_20140328.CreateLogStream", body=body) == [
        ("logs:CreateLogStream", group)
    ]
