"""S3: the lifecycle that was given comes back whole, and policies do not deny what their conditions exempt."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy
from moto.s3 import models, responses
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response
from tests.infra.emulator.gaps import add, reads, replace, require_lacking

#: What the request repeats and the answer lists. The request is XML, where one of them stands alone.
_LISTS = {
    "Transition": "Transitions",
    "NoncurrentVersionTransition": "NoncurrentVersionTransitions",
    "Tag": "Tags",
}


class PolicedBucket(FakeBucket):
    """moto's bucket, with conditions in its policy and all of its lifecycle."""

    lifecycle_given: tuple[dict[str, Any], ...] = ()

    def get_permission(self, action: str, resource: str) -> Any:
        """Ask the policy.

        moto looks at no condition. So a statement that denies everything over plain HTTP, which is all that there is on
        the loopback interface, or to those who use an old TLS, would deny everything. Such statements are left out.
        """
        if self.policy is None:
            return super().get_permission(action, resource)
        policy = json.loads(self.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        kept = [one for one in statements if one["Effect"] != "Deny" or "Condition" not in one]
        return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)

    @staticmethod
    def _log_permissions_enabled_policy(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        """Ask whether the logging service may write; stock moto stumbles over a principal that is no service."""
        if target_bucket.policy is None:
            return False
        policy = json.loads(target_bucket.policy)
        policy["Statement"] = [one for one in policy["Statement"] if isinstance(one.get("Principal"), dict)]
        readable = SimpleNamespace(
            policy=json.dumps(policy).encode(), partition=target_bucket.partition, name=target_bucket.name
        )
        return bool(FakeBucket._log_permissions_enabled_policy(readable, target_prefix))

    def set_lifecycle(self, rules: list[dict[str, Any]]) -> None:
        super().set_lifecycle(rules)
        self.lifecycle_given = tuple(rules)


class S3WithWholeLifecycle(S3Response):
    """moto's answers, with the lifecycle as it was given: stock moto drops NewerNoncurrentVersions and sizes."""

    def get_bucket_lifecycle(self) -> Any:
        if not self.backend.get_bucket_lifecycle(self.bucket_name):
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        bucket = self.backend.get_bucket(self.bucket_name)
        return self.serialized(
            ActionResult(
                {
                    "Rules": [_answered(rule) for rule in bucket.lifecycle_given],
                    "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K",
                }
            )
        )


def extend() -> None:
    """Put the buckets and the answer in the place of moto's."""
    require_lacking(
        "keep NewerNoncurrentVersions of an expiration",
        lacking=not reads(FakeBucket.set_lifecycle, "newer_noncurrent_versions"),
    )
    require_lacking(
        "look at the conditions of a bucket's policy",
        lacking=reads(FakeBucket.get_permission, "is_action_permitted(action, resource)"),
    )
    require_lacking(
        "read every policy of a bucket for logs",
        lacking=reads(FakeBucket._log_permissions_enabled_policy, 'stmt.get("Principal", {}).get("Service")'),
    )
    # Without it, a bucket cannot be emptied of a deleted file.
    add(FakeDeleteMarker, "dispose", lambda _marker: None)
    replace(models, "FakeBucket", PolicedBucket)
    replace(responses, "S3Response", S3WithWholeLifecycle)


def _answered(given: Any) -> Any:
    """Make of a part of the request what the answer has in its place."""
    if not isinstance(given, dict):
        return given
    answered: dict[str, Any] = {}
    for name, value in given.items():
        if name == "Filter":
            # An empty one, which is not the same as none.
            answered[name] = _filter(value or {})
        elif name in _LISTS:
            answered[_LISTS[name]] = [
                _answered(one) for one in (value if isinstance(value, list) else [value])
            ]
        elif not name.startswith("@"):
            answered[name] = _answered(value)
    return answered


def _filter(given: dict[str, Any]) -> dict[str, Any]:
    """Outside of an And there is one tag at most, and it is no list."""
    return {name: _answered(value) if name == "And" else value for name, value in given.items()} | (
        {"Prefix": given["Prefix"] or ""} if "Prefix" in given else {}
    )
