"""The role as Terraform makes it: the modules storage and access, without the rest of the stack.

The modules are the product's own. What other modules would make has the name here that it would have.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.infra.applied_root import AppliedRoot

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"
ENVIRONMENT = "tests"
NAME = "files-api-tests"
AUDIT_LOG_GROUP = f"/files-api/{ENVIRONMENT}/audit"
SERVICE_LOG_GROUP = f"/files-api/{ENVIRONMENT}/service"
SESSION_LOG_GROUP = "/files-api/sessions"


def arn(service: str, resource: str) -> str:
    """The ARN of something in the tests' account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


LOGS_KMS_KEY_ARN = arn("kms", "key/00000000-0000-4000-8000-000000000000")
TARGET_GROUP_ARN = arn("elasticloadbalancing", f"targetgroup/{NAME}-blue/0123456789abcdef")


def root_of_storage_and_role(folder: Path, environment: Mapping[str, str]) -> AppliedRoot:
    """A configuration with bucket, tables, secret and the role that may use them; outputs: storage, access."""
    modules: dict[str, dict[str, Any]] = {
        "storage": {"noncurrent_version_days": 1, "log_retention_days": 1},
        "access": {
            "environment": ENVIRONMENT,
            "files_bucket_arn": "${module.storage.files_bucket_arn}",
            "keys_table_arn": "${module.storage.keys_table_arn}",
            "state_table_arn": "${module.storage.state_table_arn}",
            "data_kms_key_arn": "${module.storage.kms_key_arn}",
            "logs_kms_key_arn": LOGS_KMS_KEY_ARN,
            "service_log_group_arn": arn("logs", f"log-group:{SERVICE_LOG_GROUP}"),
            "audit_log_group_arn": arn("logs", f"log-group:{AUDIT_LOG_GROUP}"),
            "target_group_arns": {"blue": TARGET_GROUP_ARN},
            "auto_scaling_group_names": [f"{NAME}-blue"],
        },
    }
    configuration = {
        "terraform": {
            "required_version": "~> 1.11",
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}},
        },
        # As AppliedRoot has it for other configurations.
        "provider": {"aws": {"region": REGION, "s3_use_path_style": True, "max_retries": 3}},
        "module": {
            name: {"source": f"./{name}", "name": NAME, "deletion_protection": False, **arguments}
            for name, arguments in modules.items()
        },
        "output": {name: {"value": f"${{module.{name}}}"} for name in modules},
    }
    root = folder / "root"
    root.mkdir()
    for name in modules:
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(ROOT / "terraform/modules" / name, root / name, ignore=ignored)
    (root / "main.tf.json").write_text(json.dumps(configuration, indent=2), encoding="utf-8")
    return AppliedRoot(root, environment, folder)
