"""Each policy catches what it is there for, and lets pass what is right. The plans are made up, and small."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.infra import policy_reasons
from tests.infra.policy import POLICIES, problems
from tests.infra.policy_stack import Stack

Json = dict[str, Any]


def resource(address: str, *, unknown: Json | None = None, names: Json | None = None, **values: Any) -> Json:
    """A resource of a plan. `names` has, by argument, what its expression names."""
    return {
        "address": address,
        "values": values,
        "unknown": unknown or {},
        "names": names or {},
    }


def plan_of(*resources: Json) -> Json:
    """A plan in Terraform's JSON, as far as it is read here."""
    root: Json = {"resources": [], "module_calls": {}}
    changes = []
    for made in resources:
        *modules, written = made["address"].rpartition("network.")
        home = root
        if modules[0]:
            home = root["module_calls"].setdefault("network", {"module": {"resources": []}})["module"]
        expressions = {argument: {"references": [name]} for argument, name in made["names"].items()}
        home["resources"].append({"address": written.split("[")[0], "expressions": expressions})
        changes.append(
            {
                "address": made["address"],
                "type": written.removeprefix("data.").split(".")[0],
                "mode": "data" if written.startswith("data.") else "managed",
                "change": {"after": made["values"], "after_unknown": made["unknown"]},
            }
        )
    return {"configuration": {"root_module": root}, "resource_changes": changes}


def found_by(policy: str, *resources: Json) -> list[str]:
    return [
        str(problem) for problem in problems(Stack.from_plan(plan_of(*resources))) if problem.policy == policy
    ]


def document(name: str, **statement: Any) -> Json:
    written = {"sid": "It", "effect": "Allow", "principals": [], "condition": [], **statement}
    return resource(f"data.aws_iam_policy_document.{name}", statement=[written])


def way_in(group: str, **values: Any) -> Json:
    return resource(
        "module.network.aws_vpc_security_group_ingress_rule.it",
        names={"security_group_id": f"aws_security_group.{group}.id"},
        unknown={"security_group_id": True},
        **{"ip_protocol": "tcp", "from_port": 443, "to_port": 443, **values},
    )


LISTENER = resource(
    "aws_lb_listener.this",
    port=443,
    protocol="HTTPS",
    ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
)
LAUNCH_TEMPLATE: Json = {
    "image_id": "ami-0123456789abcdef0",
    "metadata_options": [{"http_tokens": "required", "http_put_response_hop_limit": 1}],
    "block_device_mappings": [{"ebs": [{"encrypted": "true", "kms_key_id": None}]}],
}
TABLE: Json = {
    "server_side_encryption": [{"enabled": True, "kms_key_arn": "arn:key"}],
    "point_in_time_recovery": [{"enabled": True}],
}


def launch_template(**values: Any) -> Json:
    return resource("aws_launch_template.it", **{**LAUNCH_TEMPLATE, **values})


def bucket(**left_out: bool) -> list[Json]:
    """A bucket with all that belongs to it, or without a part; its name is known after the apply alone."""
    names = {"bucket": "aws_s3_bucket.it[0].id"}
    later: Json = {"bucket": True}
    parts = {
        "public_access_block": resource(
            "aws_s3_bucket_public_access_block.it",
            names=names,
            unknown=later,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        ),
        "ownership": resource(
            "aws_s3_bucket_ownership_controls.it",
            names=names,
            unknown=later,
            rule=[{"object_ownership": "BucketOwnerEnforced"}],
        ),
        "encryption": resource(
            "aws_s3_bucket_server_side_encryption_configuration.it", names=names, unknown=later
        ),
        "policy": resource(
            "aws_s3_bucket_policy.it",
            names={**names, "policy": "data.aws_iam_policy_document.tls.json"},
            unknown={**later, "policy": True},
        ),
    }
    only_tls = document(
        "tls",
        effect="Deny",
        actions=["s3:*"],
        principals=[{"type": "*", "identifiers": ["*"]}],
        condition=[{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
    )
    kept = [part for name, part in parts.items() if name not in left_out]
    return [resource("aws_s3_bucket.it[0]", unknown={"id": True}), *kept, only_tls]


BAD: list[tuple[str, str, list[Json]]] = [
    (
        "world_comes_to_the_load_balancer_alone",
        "another port",
        [LISTENER, way_in("load_balancer", cidr_ipv4="0.0.0.0/0", from_port=8000, to_port=8000)],
    ),
    (
        "world_comes_to_the_load_balancer_alone",
        "a range around the listener's port",
        [LISTENER, way_in("load_balancer", cidr_ipv4="0.0.0.0/0", from_port=440, to_port=450)],
    ),
    (
        "world_comes_to_the_load_balancer_alone",
        "IPv6",
        [LISTENER, way_in("instance", cidr_ipv6="::/0")],
    ),
    (
        "world_comes_to_the_load_balancer_alone",
        "the listener's port at the instances",
        [LISTENER, way_in("instance", cidr_ipv4="0.0.0.0/0")],
    ),
    (
        "world_comes_to_the_load_balancer_alone",
        "a rule within a group",
        [
            LISTENER,
            resource(
                "aws_security_group.it",
                ingress=[{"cidr_blocks": ["0.0.0.0/0"], "protocol": "tcp", "from_port": 443, "to_port": 443}],
            ),
        ],
    ),
    (
        "nobody_comes_by_ssh",
        "its port",
        [way_in("instance", cidr_ipv4="10.0.0.0/8", from_port=22, to_port=22)],
    ),
    (
        "nobody_comes_by_ssh",
        "among others",
        [way_in("instance", cidr_ipv4="10.0.0.0/8", from_port=0, to_port=1024)],
    ),
    (
        "nobody_comes_by_ssh",
        "all protocols",
        [way_in("instance", cidr_ipv4="10.0.0.0/8", ip_protocol="-1", from_port=None, to_port=None)],
    ),
    ("nobody_comes_by_ssh", "a key pair", [launch_template(key_name="mine")]),
    (
        "instances_are_known_to_imds_v2_alone",
        "IMDSv1",
        [launch_template(metadata_options=[{"http_tokens": "optional", "http_put_response_hop_limit": 1}])],
    ),
    ("instances_are_known_to_imds_v2_alone", "unsaid", [launch_template(metadata_options=[])]),
    (
        "instances_are_known_to_imds_v2_alone",
        "two hops",
        [launch_template(metadata_options=[{"http_tokens": "required", "http_put_response_hop_limit": 2}])],
    ),
    (
        "launch_templates_are_pinned",
        "latest",
        [
            resource(
                "aws_autoscaling_group.it",
                mixed_instances_policy=[{"launch_template": [{"version": "$Latest"}]}],
            )
        ],
    ),
    ("launch_templates_are_pinned", "an alias", [launch_template(image_id="resolve:ssm:/files-api/dev/ami")]),
    (
        "volumes_are_encrypted",
        "in clear",
        [launch_template(block_device_mappings=[{"ebs": [{"encrypted": "false"}]}])],
    ),
    ("volumes_are_encrypted", "unsaid", [launch_template(block_device_mappings=[])]),
    ("everything_is_encrypted", "a topic", [resource("aws_sns_topic.it", kms_master_key_id=None)]),
    (
        "everything_is_encrypted",
        "deep inside, of a type that no line here knows",
        [resource("aws_new_thing.it", storage=[{"encrypted": False}])],
    ),
    (
        "secrets_are_secure_strings",
        "in clear",
        [resource("aws_ssm_parameter.it", name="/files-api/dev/secrets/openai-api-key", type="String")],
    ),
    (
        "secrets_are_secure_strings",
        "with the key that all can use",
        [resource("aws_ssm_parameter.it", name="/files-api/dev/other", type="SecureString", key_id=None)],
    ),
    (
        "tables_are_encrypted_and_can_be_restored",
        "DynamoDB's own key",
        [resource("aws_dynamodb_table.it", **{**TABLE, "server_side_encryption": []})],
    ),
    (
        "tables_are_encrypted_and_can_be_restored",
        "no way back",
        [resource("aws_dynamodb_table.it", **{**TABLE, "point_in_time_recovery": [{"enabled": False}]})],
    ),
    ("buckets_are_closed", "public access", bucket(public_access_block=True)),
    ("buckets_are_closed", "ACLs", bucket(ownership=True)),
    ("buckets_are_closed", "no encryption", bucket(encryption=True)),
    ("buckets_are_closed", "without TLS", bucket(policy=True)),
    ("log_groups_forget", "never", [resource("aws_cloudwatch_log_group.it", retention_in_days=0)]),
    ("listeners_speak_tls", "HTTP", [resource("aws_lb_listener.it", port=80, protocol="HTTP")]),
    (
        "listeners_speak_tls",
        "TLS 1.0",
        [resource("aws_lb_listener.it", port=443, protocol="HTTPS", ssl_policy="ELBSecurityPolicy-2016-08")],
    ),
    ("keys_are_rotated", "never", [resource("aws_kms_key.it", enable_key_rotation=False)]),
    ("no_statement_allows_too_much", "an action", [document("it", actions=["s3:*"], resources=["arn:b"])]),
    ("no_statement_allows_too_much", "a resource", [document("it", actions=["s3:Get"], resources=["*"])]),
    (
        "no_statement_allows_too_much",
        "a whole service",
        [document("it", actions=["s3:GetObject"], resources=["arn:aws:s3:::*"])],
    ),
    (
        "no_statement_allows_too_much",
        "all but some",
        [document("it", not_actions=["iam:DeleteUser"], resources=["arn:b"])],
    ),
    (
        "no_statement_allows_too_much",
        "everybody",
        [document("it", actions=["s3:GetObject"], principals=[{"type": "AWS", "identifiers": ["*"]}])],
    ),
    (
        "no_statement_allows_too_much",
        "in JSON",
        [
            resource(
                "aws_iam_role_policy.it",
                policy=json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:b"}}),
            )
        ],
    ),
    (
        "every_policy_can_be_seen",
        "known later",
        [
            resource(
                "aws_iam_role_policy.it", unknown={"policy": True}, names={"policy": "aws_s3_bucket.it.arn"}
            )
        ],
    ),
    (
        "managed_policies_are_chosen",
        "one that reads every parameter",
        [
            resource(
                "aws_iam_role_policy_attachment.it",
                policy_arn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
            )
        ],
    ),
]
GOOD: list[tuple[str, list[Json]]] = [
    (
        "everybody of this account",
        [
            document(
                "it",
                actions=["s3:GetObject"],
                principals=[{"type": "AWS", "identifiers": ["*"]}],
                condition=[
                    {"test": "StringEquals", "variable": "aws:PrincipalAccount", "values": ["123456789012"]}
                ],
            )
        ],
    ),
    ("the way in to the load balancer", [LISTENER, way_in("load_balancer", cidr_ipv4="0.0.0.0/0")]),
    ("a way in from a security group", [way_in("instance", from_port=8000, to_port=8000)]),
    ("a launch template", [launch_template()]),
    ("a pinned version", [resource("aws_autoscaling_group.it", launch_template=[{"version": "7"}])]),
    ("a table", [resource("aws_dynamodb_table.it", **TABLE)]),
    ("a bucket", bucket()),
    (
        "a log group whose key is known after the apply",
        [resource("aws_cloudwatch_log_group.it", retention_in_days=30, unknown={"kms_key_id": True})],
    ),
    ("a key", [resource("aws_kms_key.it", enable_key_rotation=True)]),
    (
        "a policy of a document that can be seen",
        [
            resource(
                "aws_iam_role_policy.it",
                unknown={"policy": True},
                names={"policy": "data.aws_iam_policy_document.it.json"},
            ),
            document("it", actions=["s3:GetObject"], resources=["arn:aws:s3:::files/*"]),
        ],
    ),
    ("a denial of everything", [document("it", effect="Deny", actions=["*"], resources=["*"])]),
    (
        "a setting in clear",
        [resource("aws_ssm_parameter.it", name="/files-api/dev/settings/A", type="String", key_id=None)],
    ),
    (
        "a secret",
        [
            resource(
                "aws_ssm_parameter.it",
                name="/files-api/dev/secrets/a",
                type="SecureString",
                unknown={"key_id": True},
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("policy", "resources"), [pytest.param(*(case[0], case[2]), id=f"{case[0]}: {case[1]}") for case in BAD]
)
def test_a_plan_that_breaks_a_policy_is_caught_by_it(policy: str, resources: list[Json]) -> None:
    assert found_by(policy, *resources)


@pytest.mark.parametrize("resources", [pytest.param(case[1], id=case[0]) for case in GOOD])
def test_what_is_right_passes_all_policies(resources: list[Json]) -> None:
    assert [str(problem) for problem in problems(Stack.from_plan(plan_of(*resources)))] == []


def test_each_policy_is_shown_to_catch_something() -> None:
    assert {policy for policy, _, _ in BAD} == set(POLICIES)


def test_what_is_to_be_deleted_breaks_nothing() -> None:
    plan = plan_of(resource("aws_kms_key.it", enable_key_rotation=False))
    plan["resource_changes"][0]["change"]["after"] = None
    assert problems(Stack.from_plan(plan)) == []


def test_a_listed_reason_lets_its_own_statement_pass_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_reasons, "WILDCARDS", {"data.aws_iam_policy_document.it It": "a test"})
    statement = {"actions": ["s3:GetObject"], "resources": ["*"]}

    assert found_by("no_statement_allows_too_much", document("it", **statement)) == []
    assert found_by("no_statement_allows_too_much", document("it", sid="Other", **statement))


def test_a_state_is_held_to_the_same_where_ids_take_the_place_of_expressions() -> None:
    # Given what an apply made: a bucket whose parts name it by its id, and one whose block is another's.
    def bucket_in_state(name: str, blocked: str) -> list[Json]:
        return [
            {
                "address": f"aws_s3_bucket.{name}",
                "type": "aws_s3_bucket",
                "mode": "managed",
                "values": {"id": name},
            },
            {
                "address": f"aws_s3_bucket_public_access_block.{name}",
                "type": "aws_s3_bucket_public_access_block",
                "mode": "managed",
                "values": {"bucket": blocked, **dict.fromkeys(_ALL_BLOCKED, True)},
            },
        ]

    state = {
        "values": {
            "root_module": {
                "child_modules": [{"resources": bucket_in_state("closed", "closed")}],
                "resources": bucket_in_state("open", "closed"),
            }
        }
    }

    # When it is held to the policies, then the one is found whose access nobody blocks.
    texts = [str(problem) for problem in problems(Stack.from_state(state)) if "public access" in problem.text]
    assert texts == ["aws_s3_bucket.open: does not block all public access (buckets_are_closed)"]


_ALL_BLOCKED = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
