"""What must hold of the whole stack, whatever module a resource is in. `problems(stack)` tells what does not.

Each policy is a function that yields a `Problem` for each resource that breaks it. What may break one is listed in
`policy_reasons`, with its reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.infra import policy_reasons as reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.infra.policy_stack import Block, Stack

_WORLD = {"0.0.0.0/0", "::/0"}
_SSH = 22
_ALL_PORTS = (0, 65_535)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    policy: str
    address: str
    text: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.address}: {self.text} ({self.policy})"


Found = tuple[str, str]


def problems(stack: Stack) -> list[Problem]:
    """Hold a stack to all policies."""
    return [Problem(name, *found) for name, policy in POLICIES.items() for found in policy(stack)]


# Who gets in


def _ingress(stack: Stack) -> Iterator[tuple[Block, set[str], tuple[int, int]]]:
    """Each way in: its resource, the addresses that may come by it, and the range of ports."""
    for block in stack.managed("aws_vpc_security_group_ingress_rule"):
        cidrs = {block.values.get("cidr_ipv4"), block.values.get("cidr_ipv6")}
        yield block, {cidr for cidr in cidrs if cidr}, _ports(block.values)
    for block in stack.managed("aws_security_group_rule"):
        if block.values.get("type") == "ingress":
            yield block, _cidrs(block.values), _ports(block.values)
    for block in stack.managed("aws_security_group", "aws_default_security_group"):
        for rule in block.values.get("ingress") or ():
            yield block, _cidrs(rule), _ports(rule)


def _cidrs(rule: Any) -> set[str]:
    return {*(rule.get("cidr_blocks") or ()), *(rule.get("ipv6_cidr_blocks") or ())}


def _ports(rule: Any) -> tuple[int, int]:
    protocol = str(rule.get("ip_protocol", rule.get("protocol")))
    if protocol == "-1" or rule.get("from_port") is None:
        return _ALL_PORTS
    return int(rule["from_port"]), int(rule["to_port"])


def world_comes_to_the_load_balancer_alone(stack: Stack) -> Iterator[Found]:
    """From everywhere: to the listeners' ports, at the security group of the load balancer."""
    listeners = {block.values.get("port") for block in stack.managed("aws_lb_listener")}
    for block, cidrs, (first, last) in _ingress(stack):
        if not cidrs & _WORLD:
            continue
        if first != last or first not in listeners:
            yield block.address, f"lets everybody in at {first}-{last}, where no listener is"
        elif not stack.named_by(block, "security_group_id") & reasons.OPEN_SECURITY_GROUPS:
            yield block.address, "lets everybody in at another security group than the load balancer's"


def nobody_comes_by_ssh(stack: Stack) -> Iterator[Found]:
    """No port 22, not even among others, and no key pair: operators come by Session Manager."""
    for block, _cidrs, (first, last) in _ingress(stack):
        if first <= _SSH <= last:
            yield block.address, f"lets somebody in at port {_SSH}"
    for block in stack.managed():
        if block.type == "aws_key_pair" or block.is_set("key_name"):
            yield block.address, "has a key pair"


# Instances


def instances_are_known_to_imds_v2_alone(stack: Stack) -> Iterator[Found]:
    """A token is asked for, and does not get further than the instance itself."""
    for block in stack.managed("aws_launch_template", "aws_launch_configuration", "aws_instance"):
        options = (block.values.get("metadata_options") or [{}])[0]
        if options.get("http_tokens") != "required":
            yield block.address, "answers IMDSv1"
        if options.get("http_put_response_hop_limit") != 1:
            yield block.address, "hands tokens of IMDS to whoever is behind the instance"


def launch_templates_are_pinned(stack: Stack) -> Iterator[Found]:
    """Never the latest version: a refresh could not be rolled back, and a scaling would be a deployment."""
    for block in stack.managed("aws_autoscaling_group"):
        for version in _values_of(block.values, "version"):
            if str(version).startswith("$"):
                yield block.address, f"launches version {version}"
    for block in stack.managed("aws_launch_template"):
        if str(block.values.get("image_id")).startswith("resolve:ssm:"):
            yield block.address, "has an image that is looked up at each launch"


def volumes_are_encrypted(stack: Stack) -> Iterator[Found]:
    """Of a launch template, each volume; and there is one that says so."""
    for block in stack.managed("aws_launch_template"):
        volumes = [
            ebs
            for mapping in block.values.get("block_device_mappings") or ()
            for ebs in mapping.get("ebs") or ()
        ]
        # "true", in words: the provider's argument is a string.
        if not volumes or any(str(ebs.get("encrypted")).lower() != "true" for ebs in volumes):
            yield block.address, "has a volume that is not encrypted"


# What is stored


def everything_is_encrypted(stack: Stack) -> Iterator[Found]:
    """Whatever has an argument for encryption has it set. New types of resources need no line here."""
    for block in stack.managed():
        for name, is_set in _encryption_of(block.values, block.unknown):
            excused = {(block.type, name), (block.written, name)} & set(reasons.NOT_ENCRYPTED)
            if not is_set and not excused:
                yield block.address, f"could be encrypted, but {name} is not set"


_ENCRYPTION = re.compile(
    r"^(kms_key|kms_key_id|kms_key_arn|kms_master_key_id|kms_key_name|key_id|encrypted|encryption_key"
    r"|at_rest_encryption_enabled|transit_encryption_enabled|encryption_at_rest|kms_encryption_key)$"
)


def _encryption_of(values: object, unknown: object) -> Iterator[tuple[str, bool]]:
    if isinstance(values, list):
        for number, part in enumerate(values):
            known_later = unknown[number] if isinstance(unknown, list) and number < len(unknown) else unknown
            yield from _encryption_of(part, known_later)
    elif isinstance(values, dict):
        later = unknown if isinstance(unknown, dict) else {}
        # What will be known after the apply is left out of the values.
        for name in {*values, *later}:
            if _ENCRYPTION.match(name):
                is_set = str(values.get(name) or "").lower() not in {"", "false"}
                yield name, is_set or unknown is True or bool(later.get(name))
            else:
                yield from _encryption_of(values.get(name), later.get(name))


def secrets_are_secure_strings(stack: Stack) -> Iterator[Found]:
    """What lies below `secrets/` among the parameters is encrypted, and not with the key that all can use."""
    for block in stack.managed("aws_ssm_parameter"):
        if "/secrets/" not in str(block.values.get("name")) and block.values.get("type") != "SecureString":
            continue
        if block.values.get("type") != "SecureString" or not block.is_set("key_id"):
            yield block.address, "is a secret, and not encrypted with a key of the account's own"


def tables_are_encrypted_and_can_be_restored(stack: Stack) -> Iterator[Found]:
    """DynamoDB encrypts with its own key unless a block says otherwise."""
    for block in stack.managed("aws_dynamodb_table"):
        if not any(part.get("enabled") for part in block.values.get("server_side_encryption") or ()):
            yield block.address, "has no key of the account's own"
        if not any(part.get("enabled") for part in block.values.get("point_in_time_recovery") or ()):
            yield block.address, "cannot be restored to a point in time"


def buckets_are_closed(stack: Stack) -> Iterator[Found]:
    """All of the public access block, ownership without ACLs, encryption, and nobody without TLS."""
    for bucket in stack.managed("aws_s3_bucket"):
        blocks = stack.attached("aws_s3_bucket_public_access_block", bucket, "bucket")
        if not any(all(block.values.get(name) for name in _PUBLIC_ACCESS) for block in blocks):
            yield bucket.address, "does not block all public access"
        rules = [
            rule["object_ownership"]
            for block in stack.attached("aws_s3_bucket_ownership_controls", bucket, "bucket")
            for rule in block.values["rule"]
        ]
        if rules != ["BucketOwnerEnforced"]:
            yield bucket.address, "knows ACLs"
        if not stack.attached("aws_s3_bucket_server_side_encryption_configuration", bucket, "bucket"):
            yield bucket.address, "does not say how it is encrypted"
        policies = stack.attached("aws_s3_bucket_policy", bucket, "bucket")
        if not any(_denies_without_tls(stack, policy) for policy in policies):
            yield bucket.address, "answers without TLS"


_PUBLIC_ACCESS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def _denies_without_tls(stack: Stack, policy: Block) -> bool:
    return any(
        statement.effect == "Deny"
        and "*" in statement.principals
        and "s3:*" in statement.actions
        and statement.conditions == ("Bool aws:SecureTransport false",)
        for statement in stack.statements_of(policy)
    )


# What is logged, and said


def log_groups_forget(stack: Stack) -> Iterator[Found]:
    """Each log group has a retention; without one it keeps everything for ever."""
    for block in stack.managed("aws_cloudwatch_log_group"):
        if not block.is_set("retention_in_days"):
            yield block.address, "keeps its lines for ever"


def listeners_speak_tls(stack: Stack) -> Iterator[Found]:
    """TLS 1.3, 1.2 at least; where nobody has a domain, the exception has its reason."""
    for block in stack.managed("aws_lb_listener"):
        policy = str(block.values.get("ssl_policy"))
        if block.values.get("protocol") == "HTTPS" and not policy.startswith("ELBSecurityPolicy-TLS13-1-2-"):
            yield block.address, f"has the policy {policy}"
        elif block.values.get("protocol") != "HTTPS" and block.written not in reasons.PLAIN_LISTENERS:
            yield block.address, f"speaks {block.values.get('protocol')}"


def keys_are_rotated(stack: Stack) -> Iterator[Found]:
    """Each key of the account's own gets new material each year."""
    for block in stack.managed("aws_kms_key"):
        if not block.values.get("enable_key_rotation"):
            yield block.address, "is never rotated"


# Who may do what

#: A condition that makes of everybody this account.
_OWN = re.compile(r"^StringEquals aws:(PrincipalAccount|SourceAccount) [0-9]{12}$")
_WHOLE_SERVICE = re.compile(r"^arn:[^:]*:[^:]*:[^:]*:[^:]*:\*$")


def no_statement_allows_too_much(stack: Stack) -> Iterator[Found]:
    """No `*` in an action, none for a resource or a principal, but for a reason."""
    for statement in stack.statements():
        if statement.effect != "Allow" or statement.name in reasons.WILDCARDS:
            continue
        for action in statement.actions:
            if "*" in action or action == "NotAction":
                yield statement.name, f"allows {action}"
        for resource in statement.resources:
            if resource in {"*", "NotResource"} or _WHOLE_SERVICE.match(resource):
                yield statement.name, f"is about all resources: {resource}"
        if "*" in statement.principals and not any(
            _OWN.match(condition) for condition in statement.conditions
        ):
            yield statement.name, "is for everybody"


def every_policy_can_be_seen(stack: Stack) -> Iterator[Found]:
    """A policy that is known after the apply alone must come of a policy document, whose statements are known."""
    for block, argument in stack.hidden_policies():
        yield (
            block.address,
            f"has a {argument} that nobody can look at before the apply: use a policy document",
        )


def managed_policies_are_chosen(stack: Stack) -> Iterator[Found]:
    """Amazon's own policies change without notice and allow much; each that is attached has a reason."""
    for block in stack.managed("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        arn = str(block.values.get("policy_arn"))
        if ":aws:policy/" in arn and arn.rpartition("policy/")[2] not in reasons.MANAGED_POLICIES:
            yield block.address, f"attaches {arn}"


def _values_of(values: object, wanted: str) -> Iterator[object]:
    """The values of an argument, however deep."""
    if isinstance(values, list):
        for part in values:
            yield from _values_of(part, wanted)
    elif isinstance(values, dict):
        for name, part in values.items():
            if name == wanted:
                yield part
            else:
                yield from _values_of(part, wanted)


POLICIES: dict[str, Callable[[Stack], Iterator[Found]]] = {
    policy.__name__: policy
    for policy in (
        world_comes_to_the_load_balancer_alone,
        nobody_comes_by_ssh,
        instances_are_known_to_imds_v2_alone,
        launch_templates_are_pinned,
        volumes_are_encrypted,
        everything_is_encrypted,
        secrets_are_secure_strings,
        tables_are_encrypted_and_can_be_restored,
        buckets_are_closed,
        log_groups_forget,
        listeners_speak_tls,
        keys_are_rotated,
        no_statement_allows_too_much,
        every_policy_can_be_seen,
        managed_policies_are_chosen,
    )
}
