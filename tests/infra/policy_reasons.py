"""What the policies let pass, each with its reason. A test finds those that nothing needs any more."""

from __future__ import annotations

#: Where everybody may come in.
OPEN_SECURITY_GROUPS = frozenset({"module.network.aws_security_group.load_balancer"})

#: Listeners that speak HTTP.
PLAIN_LISTENERS = {
    "module.load_balancer.aws_lb_listener.plain_http": (
        "for a try-out without a domain; a validation allows plain_http in dev alone"
    ),
}

#: By type, or by address, and argument: what is not encrypted with a key of the account's own.
NOT_ENCRYPTED = {
    (
        "aws_launch_template",
        "kms_key_id",
    ): "encrypted is true: with the account's own key for EBS, which needs no grant",
    ("module.storage.aws_s3_bucket_server_side_encryption_configuration.logs", "kms_master_key_id"): (
        "SSE-S3: the load balancer can write its logs to no other bucket"
    ),
    ("aws_cognito_user_pool", "kms_key_id"): "encrypts codes that are sent by SMS, of which there are none",
    ("aws_lambda_function", "kms_key_arn"): "encrypts environment variables, of which there are none",
    ("aws_ssm_parameter", "key_id"): "a setting (String); what is secret is a SecureString and names its key",
}

#: By document and sid: statements that allow with a `*`.
WILDCARDS = {
    "module.network.data.aws_iam_policy_document.interface_endpoint OwnCredentials": (
        "a second lock beside the role's: most of these calls take no resource, and a condition names the account"
    ),
    "module.access.data.aws_iam_policy_document.service EncryptTables": (
        "DynamoDB asks for these two families of a key; the resource is that one key, and a condition names DynamoDB"
    ),
    "module.access.data.aws_iam_policy_document.lifecycle SeeItsTarget": (
        "elasticloadbalancing:DescribeTargetHealth knows no resources"
    ),
    "module.access.data.aws_iam_policy_document.telemetry SendMetrics": (
        "cloudwatch:PutMetricData knows no resources; a condition names the namespace"
    ),
    "module.access.data.aws_iam_policy_document.telemetry SendTraces": "X-Ray's calls for traces know no resources",
    "module.access.data.aws_iam_policy_document.telemetry ReadTags": "ec2:DescribeTags knows no resources",
    "module.access.data.aws_iam_policy_document.sessions OpenSessions": "ssmmessages knows no resources",
    "module.storage.data.aws_iam_policy_document.key AccountAdministersByIAM": (
        "AWS's default: in the policy of a key * is this key, and without kms:* nobody could ever change it again"
    ),
    "module.replica.data.aws_iam_policy_document.key AccountAdministersByIAM": (
        "AWS's default: in the policy of a key * is this key, and without kms:* nobody could ever change it again"
    ),
    "module.observability.data.aws_iam_policy_document.key AccountAdministersByIAM": (
        "AWS's default: in the policy of a key * is this key, and without kms:* nobody could ever change it again"
    ),
    "module.observability.data.aws_iam_policy_document.key LogGroupsOfThisEnvironment": (
        "in the policy of a key * is this key; the actions are those that CloudWatch Logs asks for"
    ),
    "module.observability.data.aws_iam_policy_document.key SendersToTheTopics": (
        "in the policy of a key * is this key; the actions are those that SNS asks for"
    ),
    "module.observability.data.aws_iam_policy_document.canary TellsItsResult": (
        "cloudwatch:PutMetricData knows no resources; a condition names the namespace"
    ),
}

#: Amazon's own policies that may be attached.
MANAGED_POLICIES = {
    "service-role/AWSBackupServiceRolePolicyForBackup": "AWS Backup's own role, by a switch",
    "AWSBackupServiceRolePolicyForS3Backup": "the same for S3",
}
