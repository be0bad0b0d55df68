# What the other programs on an instance may do: files-api-instance, the CloudWatch agent, the SSM agent.

locals {
  # Made once for an account and region, by terraform/bootstrap, for all environments.
  session_key_alias = "alias/files-api-sessions"
  session_log_group = "/files-api/sessions"
}

# files-api-instance: settings at the start, the load balancer and the Auto Scaling group at the end.
data "aws_iam_policy_document" "lifecycle" {
  #checkov:skip=CKV_AWS_356:DescribeTargetHealth knows no resources; see the statement

  # Of the path itself: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html. Not of
  # all of the environment's parameters: secrets are among them.
  statement {
    sid     = "ReadSettings"
    effect  = "Allow"
    actions = ["ssm:GetParametersByPath"]
    resources = [
      "${local.arn.ssm}:parameter${local.parameters}/settings",
      "${local.arn.ssm}:parameter${local.parameters}/settings/*",
    ]
  }

  statement {
    sid       = "ReportLifecycle"
    effect    = "Allow"
    actions   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
    resources = [for group in var.auto_scaling_group_names : "${local.arn.autoscaling}:autoScalingGroup:*:autoScalingGroupName/${group}"]
  }

  statement {
    sid       = "LeaveTargetGroup"
    effect    = "Allow"
    actions   = ["elasticloadbalancing:DeregisterTargets"]
    resources = values(var.target_group_arns)
  }

  # No resource-level permissions:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
  statement {
    sid       = "SeeItsTarget"
    effect    = "Allow"
    actions   = ["elasticloadbalancing:DescribeTargetHealth"]
    resources = ["*"]
  }
}

# The CloudWatch agent (docs/observability.md), and what it shares with the service's audit log.
data "aws_iam_policy_document" "telemetry" {
  #checkov:skip=CKV_AWS_111:Metrics and traces know no resources; see the statements
  #checkov:skip=CKV_AWS_356:Metrics and traces know no resources; see the statements

  statement {
    sid       = "WriteLog"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [var.service_log_group_arn, "${var.service_log_group_arn}:log-stream:*"]
  }

  # Whether a group is there: the service asks so for its audit log, the SSM agent for that of its sessions. Only names are
  # told. It cannot be bound to one group:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
  statement {
    sid       = "FindLogGroups"
    effect    = "Allow"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["${local.arn.logs}:log-group:*"]
  }

  # No resource-level permissions:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
  statement {
    sid       = "SendMetrics"
    effect    = "Allow"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["FilesApi"]
    }
  }

  # No resource-level permissions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  statement {
    sid       = "SendTraces"
    effect    = "Allow"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  # The name of the Auto Scaling group, for the dimensions of the host's metrics. No resource-level permissions:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  statement {
    sid       = "ReadTags"
    effect    = "Allow"
    actions   = ["ec2:DescribeTags"]
    resources = ["*"]
  }
}

# The SSM agent: sessions, and nothing else of what Systems Manager can do to a machine.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
data "aws_iam_policy_document" "sessions" {
  #checkov:skip=CKV_AWS_111:Channels know no resources; see the statement
  #checkov:skip=CKV_AWS_356:Channels know no resources; see the statement

  statement {
    sid       = "BeManaged"
    effect    = "Allow"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["${local.arn.ec2}:instance/*"]
  }

  # No resource-level permissions:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
  statement {
    sid    = "OpenSessions"
    effect = "Allow"
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }

  # By its alias, since the key is bootstrap's: a key of this account that is called so.
  # https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
  statement {
    sid       = "EncryptSessions"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = ["${local.arn.kms}:key/*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = [local.session_key_alias]
    }
  }

  statement {
    sid     = "RecordSessions"
    effect  = "Allow"
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [
      "${local.arn.logs}:log-group:${local.session_log_group}",
      "${local.arn.logs}:log-group:${local.session_log_group}:log-stream:*",
    ]
  }
}
