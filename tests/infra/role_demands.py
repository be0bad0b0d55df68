"""Which rights a request to AWS needs, read from the request as AWS reads it.

From the service authorization reference of each service
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html),
and, for S3, https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. What calls need of
KMS is what S3, DynamoDB and Systems Manager ask for in the caller's name, where everything is encrypted with one key:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html,
https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tests.infra.role_policies import Demand

if TYPE_CHECKING:
    from collections.abc import Callable

#: The id of the key that everything is taken to be encrypted with where no stack was applied.
KEY_WITHOUT_A_STACK = "00000000-0000-4000-8000-000000000000"
#: What DynamoDB checks for each operation of a transaction; there is no right to transactions as such.
_IN_TRANSACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, as far as it tells what it is about. `target` is X-Amz-Target, empty for S3."""

    method: str
    path: str
    query: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """Where it is made, and the key that encrypts everything there."""

    account_id: str
    region: str
    kms_key_arn: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


def demands_of(request: Request, account: Account) -> list[Demand]:
    """Tell all rights that a request needs."""
    service, _, operation = request.target.rpartition(".")
    read = _BY_TARGET.get(service.partition("_")[0])
    if read is None:
        return _of_s3(request, account)
    return read(operation, json.loads(request.body), account)


# S3 -------------------------------------------------------------------------------------------------------------------


def _of_s3(request: Request, account: Account) -> list[Demand]:
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        return [Demand(_bucket_action(request.method, query), arn)]
    action = _object_action(request.method, query)
    demands = [Demand(action, f"{arn}/{key}")]
    context = {
        "kms:ViaService": [f"s3.{account.region}.amazonaws.com"],
        # A bucket key: the context is the bucket's, not the object's.
        "kms:EncryptionContext:aws:s3:arn": [arn],
    }
    return demands + [
        Demand(each, account.kms_key_arn, context) for each in _kms_actions(action, request.method, query)
    ]


def _bucket_action(method: str, query: dict[str, str]) -> str:
    if method in {"GET", "HEAD"} and not query.keys() & {"uploads", "versions", "policy", "acl", "location"}:
        return "s3:ListBucket"
    # None of the service's: whatever its name, nobody has allowed it.
    return f"s3:{method}?{'&'.join(sorted(query))}"


def _object_action(method: str, query: dict[str, str]) -> str:
    version = "Version" if "versionId" in query else ""
    if "tagging" in query:
        return f"s3:{method.title()}Object{version}Tagging"
    actions = {
        "GET": f"s3:GetObject{version}",
        "HEAD": f"s3:GetObject{version}",
        "PUT": "s3:PutObject",
        "POST": "s3:PutObject",  # CreateMultipartUpload and CompleteMultipartUpload
        "DELETE": "s3:AbortMultipartUpload" if "uploadId" in query else f"s3:DeleteObject{version}",
    }
    return actions[method]


def _kms_actions(action: str, method: str, query: dict[str, str]) -> list[str]:
    if action == "s3:GetObject":
        return ["kms:Decrypt"]
    if action == "s3:PutObject":
        # To add to an upload, S3 has to decrypt the data key that it was begun with.
        begins_or_adds = method == "PUT" or "uploads" in query
        return ["kms:Decrypt"] * ("uploadId" in query) + ["kms:GenerateDataKey"] * begins_or_adds
    return []


# What is asked for by name ------------------------------------------------------------------------------------------


def _of_dynamodb(operation: str, body: dict[str, Any], account: Account) -> list[Demand]:
    if operation == "TransactWriteItems":
        asked = [
            (_IN_TRANSACTIONS[kind], item["TableName"])
            for operations in body["TransactItems"]
            for kind, item in operations.items()
        ]
    else:
        asked = [(f"dynamodb:{operation}", body.get("TableName", "*"))]
    context = {"kms:ViaService": [f"dynamodb.{account.region}.amazonaws.com"]}
    return [
        *(Demand(action, account.arn("dynamodb", f"table/{table}")) for action, table in asked),
        Demand("kms:Decrypt", account.kms_key_arn, context),
    ]


def _of_ssm(operation: str, body: dict[str, Any], account: Account) -> list[Demand]:
    name = body.get("Path") or body.get("Name", "*")
    arn = account.arn("ssm", f"parameter{name}")
    demands = [Demand(f"ssm:{operation}", arn)]
    if operation == "GetParameter" and body.get("WithDecryption"):
        context = {
            "kms:ViaService": [f"ssm.{account.region}.amazonaws.com"],
            "kms:EncryptionContext:PARAMETER_ARN": [arn],
        }
        demands.append(Demand("kms:Decrypt", account.kms_key_arn, context))
    return demands


def _of_logs(operation: str, body: dict[str, Any], account: Account) -> list[Demand]:
    # DescribeLogGroups asks for all groups, whatever prefix it names.
    group = account.arn("logs", f"log-group:{body.get('logGroupName', '')}")
    if operation in {"PutLogEvents", "GetLogEvents"}:
        return [Demand(f"logs:{operation}", f"{group}:log-stream:{body['logStreamName']}")]
    return [Demand(f"logs:{operation}", group)]


_BY_TARGET: dict[str, Callable[[str, dict[str, Any], Account], list[Demand]]] = {
    "DynamoDB": _of_dynamodb,
    "AmazonSSM": _of_ssm,
    "Logs": _of_logs,
}
