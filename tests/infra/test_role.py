"""The role of an instance is enough for what runs there, and for no more (issue 6, proof 3).

The modules storage and access are applied, and the service runs with the role that they made, on a server that refuses
whatever its policies do not allow (`role_server`; moto's own IAM knows no resources for most services, and no
conditions). What cannot run here, the agents of CloudWatch and of Systems Manager, is held to the policies by the calls
that AWS documents for them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from tests.infra import role_terraform as names
from tests.infra.applied_root import require_terraform
from tests.infra.role_aws import RoleAws, asked_in
from tests.infra.role_calls import ELSEWHERE, NOT_OF_THE_HOST, OF_THE_HOST
from tests.infra.role_demands import KEY_WITHOUT_A_STACK
from tests.infra.role_journey import settings_of, travel
from tests.infra.role_policies import Demand, Statement, allowed, statements_of
from tests.infra.role_terraform import arn, root_of_storage_and_role
from tests.integration.stack import (
    BUCKET,
    KEYS_TABLE,
    STATE_TABLE,
    VERSIONED_BUCKET,
    OpenAi,
    credentials_of_role,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.infra.applied_root import AppliedRoot
    from tests.infra.role_aws import Asked

pytestmark = pytest.mark.timeout(600)

_OPENAI_KEY = "sk-of-an-operator"
#: Of the service's own tests, those that are repeated with the role each time: all that is done with S3 and DynamoDB.
_REPEATED = [
    "access",
    "audit",
    "conditions",
    "generation_api",
    "generation_twice",
    "get",
    "integrity",
    "limits",
    "list",
    "metadata",
    "put",
    "ranges",
]
#: Not with the role, or not about it: they start programs with credentials of their own, or watch memory and time.
_NOT_REPEATED = ["cli", "make_run", "memory", "overload", "serving", "slow_clients"]
#: What fails with the role, as it must: a bucket, a log group or a parameter that is not the role's.
_OF_OTHERS = {
    "test_audit.py::test_audit_lines_and_no_others_reach_their_log_group",
    "test_faults.py::test_a_missing_bucket_is_named_in_the_log",
    "test_generation_trouble.py::test_a_new_key_in_its_parameter_needs_no_restart",
    "test_generation_trouble.py::test_the_key_comes_from_its_parameter",
    "test_list.py::test_no_directory_is_the_whole_bucket",
}
_REPEAT_SECONDS = 540


class Applied(NamedTuple):
    """What Terraform has made, and the role of it."""

    aws: RoleAws
    root: AppliedRoot
    outputs: Mapping[str, Any]
    credentials: Mapping[str, str]

    @property
    def policies(self) -> Mapping[str, str]:
        policies: Mapping[str, str] = self.outputs["access"]["instance_policies"]
        return policies


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """Bucket, tables, secret and role, as Terraform makes them, and an operator's key for OpenAI in its place."""
    require_terraform()
    folder = tmp_path_factory.mktemp("role")
    with RoleAws(folder / "asked.jsonl") as aws:
        root = root_of_storage_and_role(folder, aws.environment)
        root.init()
        root.apply("-parallelism=20")
        outputs = root.outputs()
        aws.client("ssm").put_parameter(
            Name=outputs["access"]["openai_key_parameter"],
            Value=_OPENAI_KEY,
            KeyId=outputs["storage"]["kms_key_arn"],
            Overwrite=True,
            Type="SecureString",
        )
        for group in (names.AUDIT_LOG_GROUP, names.SERVICE_LOG_GROUP):
            aws.client("logs").create_log_group(logGroupName=group)
        yield Applied(
            aws, root, outputs, credentials_of_role(aws.url, outputs["access"]["instance_role_arn"])
        )


@pytest.fixture(scope="module")
def travelled(applied: Applied) -> list[Asked]:
    """What was asked for while everything was done that the service does."""
    openai = OpenAi()
    try:
        travel(applied.aws, settings_of(applied.aws, applied.outputs, applied.credentials, openai), openai)
    finally:
        openai.stop()
    return applied.aws.asked()


# Enough --------------------------------------------------------------------------------------------------------------


def test_the_role_is_enough_for_all_that_the_service_does(travelled: list[Asked]) -> None:
    # given a service with the role's credentials that did everything (whatever failed has failed the fixture)
    # then nothing was refused, not even what is tolerated when it fails
    assert [str(asked.demand) for asked in travelled if not asked.allowed] == []
    assert len(travelled) > 50


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([f"tests/integration/test_{name}.py" for name in _REPEATED], id="storage"),
        pytest.param(
            ["tests/integration", *(f"--ignore=tests/integration/test_{name}.py" for name in _NOT_REPEATED)],
            id="everything",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_the_services_own_tests_pass_with_the_role(
    applied: Applied, tmp_path: Path, arguments: list[str]
) -> None:
    # given the role's policies, for the buckets and tables of the integration tests
    policies = {
        f"{name}-{bucket}": _for_the_tests(document, applied.outputs["storage"], bucket)
        for name, document in applied.policies.items()
        for bucket in (BUCKET, VERSIONED_BUCKET)
    }
    file = tmp_path / "role.json"
    file.write_text(json.dumps(policies), encoding="utf-8")

    # when the integration tests are repeated with it
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not thorough", *arguments],
        cwd=names.ROOT,
        env={**os.environ, "FILES_API_TESTS_ROLE_FILE": str(file)},
        capture_output=True,
        text=True,
        timeout=_REPEAT_SECONDS,
        check=False,
    )

    # then they pass, but for those that reach for what is not the role's
    failed = set(re.findall(r"^(?:FAILED|ERROR) tests/integration/(\S+)", ended.stdout, re.MULTILINE))
    run = {f"test_{name}.py" for name in _REPEATED} if "tests/integration" not in arguments else None
    assert failed == {test for test in _OF_OTHERS if run is None or test.partition("::")[0] in run}, (
        ended.stdout[-4000:]
    )
    # and it was the role with which they ran
    asked = asked_in(tmp_path / "role.json.journal")
    assert len(asked) > 1000
    own = (f"arn:aws:s3:::{BUCKET}/", f"arn:aws:s3:::{VERSIONED_BUCKET}/", "arn:aws:dynamodb:")
    assert [str(one.demand) for one in asked if not one.allowed and one.demand.resource.startswith(own)] == []


def _for_the_tests(document: str, storage: Mapping[str, str], bucket: str) -> str:
    for made, meant in {
        storage["files_bucket_arn"]: f"arn:aws:s3:::{bucket}",
        storage["keys_table_arn"]: arn("dynamodb", f"table/{KEYS_TABLE}"),
        storage["state_table_arn"]: arn("dynamodb", f"table/{STATE_TABLE}"),
        storage["kms_key_arn"]: arn("kms", f"key/{KEY_WITHOUT_A_STACK}"),
    }.items():
        document = document.replace(made, meant)
    return document


# Secrets are an operator's --------------------------------------------------------------------------------------------


def test_a_new_key_for_openai_is_no_drift_and_in_no_state(applied: Applied) -> None:
    # given an operator who has put a key there, as the command line does it when nothing else is said
    name = applied.outputs["access"]["openai_key_parameter"]
    new = "sk-of-another-day"
    applied.aws.client("ssm").put_parameter(Name=name, Value=new, Overwrite=True, Type="SecureString")

    # when Terraform looks
    plan = applied.root.plan()

    # then it wants to change nothing, and has kept nothing
    assert plan.is_empty, plan.text
    applied.root.apply()
    assert (
        applied.aws.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == new
    )
    for value in (_OPENAI_KEY, new, "not set"):
        assert value not in applied.root.state()


# No more -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ELSEWHERE)
def test_what_is_not_the_services_is_refused(applied: Applied, deed: str) -> None:
    # given things of others, which are there
    everything = applied.aws.client("s3")
    everything.create_bucket(Bucket="another")

    # when the role reaches for them
    with pytest.raises(ClientError) as refused:
        ELSEWHERE[deed](
            lambda service: applied.aws.client(service, applied.credentials), applied.outputs["storage"]
        )

    # then it is refused, as AWS refuses
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "403"}


def test_files_outside_of_the_prefix_are_refused() -> None:
    # given a statement as the module writes it with files_prefix = "shop/"
    (statement,) = statements_of(
        {
            "service": json.dumps(
                {
                    "Statement": [
                        {
                            "Sid": "KeepFiles",
                            "Effect": "Allow",
                            "Action": ["s3:GetObject"],
                            "Resource": "arn:aws:s3:::files/shop/*",
                        }
                    ]
                }
            )
        }
    )

    # then what lies below it is allowed, and what only begins like it is not
    assert allowed(Demand("s3:GetObject", "arn:aws:s3:::files/shop/a/b"), [statement])
    assert not allowed(Demand("s3:GetObject", "arn:aws:s3:::files/shopping"), [statement])
    assert not allowed(Demand("s3:GetObject", "arn:aws:s3:::files/a"), [statement])


# Each statement is needed --------------------------------------------------------------------------------------------

#: Rights that nothing here asks for, with the reason for which they are there.
_NOT_ASKED_FOR_HERE = {
    ("KeepDigests", "s3:GetObjectTagging"): "a bucket without versions, as in the integration tests",
    ("KeepDigests", "s3:PutObjectTagging"): "the same",
    ("EncryptTables", "kms:DescribeKey"): "AWS names it among what DynamoDB may ask for in the caller's name",
    ("EncryptTables", "kms:Encrypt"): "the same",
    ("EncryptTables", "kms:GenerateDataKey*"): "the same",
    ("EncryptTables", "kms:ReEncrypt*"): "the same",
}


@pytest.fixture(scope="module")
def statements(applied: Applied) -> list[Statement]:
    return statements_of(applied.policies)


@pytest.mark.parametrize("demand", OF_THE_HOST, ids=str)
def test_the_role_is_enough_for_the_hosts_programs(statements: list[Statement], demand: Demand) -> None:
    assert allowed(demand, statements)


@pytest.mark.parametrize("demand", NOT_OF_THE_HOST, ids=str)
def test_the_hosts_programs_may_do_no_more(statements: list[Statement], demand: Demand) -> None:
    assert not allowed(demand, statements)


def test_the_data_key_decrypts_the_one_secret_and_what_s3_and_dynamodb_hand_over(
    applied: Applied, statements: list[Statement]
) -> None:
    # given the key of files, tables and secrets
    key = applied.outputs["storage"]["kms_key_arn"]

    # then the role cannot use it by itself, nor for another parameter, nor for another bucket
    other_parameter = {
        "kms:EncryptionContext:PARAMETER_ARN": [arn("ssm", "parameter/files-api/tests/secrets/x")]
    }
    other_bucket = {
        "kms:ViaService": [f"s3.{names.REGION}.amazonaws.com"],
        "kms:EncryptionContext:aws:s3:arn": ["arn:aws:s3:::another"],
    }
    for context in ({}, other_parameter, other_bucket):
        assert not allowed(Demand("kms:Decrypt", key, context), statements)


def test_each_statement_is_needed(travelled: list[Asked], statements: list[Statement]) -> None:
    # given all that was asked for, by the service and by the host's programs
    demands = [asked.demand for asked in travelled] + OF_THE_HOST

    # when any one statement is taken away
    without = {
        statement.sid: [demand for demand in demands if not allowed(demand, _all_but(statement, statements))]
        for statement in statements
    }

    # then something is refused
    assert [sid for sid, refused in without.items() if not refused] == []


def test_each_action_is_asked_for(travelled: list[Asked], statements: list[Statement]) -> None:
    # given all that was asked for
    demands = [asked.demand for asked in travelled] + OF_THE_HOST

    # when it is held against each action that a statement allows
    idle = {
        (statement.sid, action)
        for statement in statements
        for action in statement.actions
        if not any(replace(statement, actions=(action,)).speaks_of(demand) for demand in demands)
    }

    # then there is none too many, but for those with a reason
    assert idle == _NOT_ASKED_FOR_HERE.keys()


def _all_but(left_out: Statement, statements: list[Statement]) -> list[Statement]:
    return [statement for statement in statements if statement is not left_out]


@pytest.mark.parametrize("sid", ["KeepFiles", "CountAndRemember", "DecryptSecrets"])
def test_without_a_statement_the_service_does_not_get_through(
    applied: Applied, travelled: list[Asked], sid: str
) -> None:
    # given the role with one statement less (after the journey that has shown that it is enough)
    iam = applied.aws.client("iam")
    role, document = applied.outputs["access"]["instance_role_name"], json.loads(applied.policies["service"])
    document["Statement"] = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    iam.put_role_policy(RoleName=role, PolicyName="service", PolicyDocument=json.dumps(document))
    before = len(applied.aws.asked())
    openai = OpenAi()
    try:
        # when the same is done with it
        settings = settings_of(applied.aws, applied.outputs, applied.credentials, openai)
        with pytest.raises(AssertionError):
            travel(applied.aws, settings, openai)
    finally:
        openai.stop()
        iam.put_role_policy(RoleName=role, PolicyName="service", PolicyDocument=applied.policies["service"])

    # then it ends before it is through, for want of what the statement allows
    (left_out,) = (statement for statement in statements_of(applied.policies) if statement.sid == sid)
    refused = [asked.demand for asked in applied.aws.asked()[before:] if not asked.allowed]
    assert refused
    assert [str(demand) for demand in refused if not left_out.speaks_of(demand)] == []
