# What a role that the pipeline makes can ever do, whatever policies it is given. The pipeline can make roles only with this
# boundary, and cannot change it: so it cannot make itself, or anything else, an administrator.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
#
# Everything that the modules' roles do is in here, bound to the environment by name; nothing of IAM, STS or the account.

data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_107:A boundary grants nothing; it is the outer bound of what the modules' policies grant
  #checkov:skip=CKV_AWS_108:A boundary grants nothing; it is the outer bound of what the modules' policies grant
  #checkov:skip=CKV_AWS_109:A boundary grants nothing; it is the outer bound of what the modules' policies grant
  #checkov:skip=CKV_AWS_111:A boundary grants nothing; it is the outer bound of what the modules' policies grant
  #checkov:skip=CKV_AWS_356:A boundary grants nothing; it is the outer bound of what the modules' policies grant
  for_each = var.environments

  statement {
    sid    = "Buckets"
    effect = "Allow"
    actions = [
      "s3:*",
    ]
    resources = [
      "arn:${local.partition}:s3:::${local.project}-${each.key}-*",
      "arn:${local.partition}:s3:::${local.project}-${each.key}-*/*",
    ]
  }

  statement {
    sid       = "Tables"
    effect    = "Allow"
    actions   = ["dynamodb:*"]
    resources = ["${local.arn.dynamodb}:table/${local.project}-${each.key}-*"]
  }

  statement {
    sid       = "Parameters"
    effect    = "Allow"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = ["${local.arn.ssm}:parameter/${local.project}/${each.key}/*"]
  }

  statement {
    sid     = "Logs"
    effect  = "Allow"
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [
      for group in [
        "/${local.project}/${each.key}/*",
        "/${local.project}/sessions*",
        "/aws/lambda/cwsyn-${local.project}-${each.key}-*",
      ] : "${local.arn.logs}:log-group:${group}"
    ]
  }

  # By the tag that the environment's provider gives to all of it.
  statement {
    sid       = "Keys"
    effect    = "Allow"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["arn:${local.partition}:kms:*:${local.account_id}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = [each.key]
    }
  }

  statement {
    sid       = "KeyOfSessions"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = ["${local.arn.kms}:key/*"]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = [local.session_key_alias]
    }
  }

  # What knows no resources, or is harmless: the service authorization reference of each service,
  # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
  statement {
    sid    = "TellingAndLooking"
    effect = "Allow"
    actions = [
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "cloudwatch:PutMetricData",
      "ec2:DescribeTags",
      "elasticloadbalancing:DeregisterTargets",
      "elasticloadbalancing:DescribeTargetHealth",
      "logs:DescribeLogGroups",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }

  # AWS Backup, with policies of AWS's own (module storage).
  statement {
    sid       = "Backups"
    effect    = "Allow"
    actions   = ["backup:*", "backup-storage:*", "tag:GetResources", "cloudwatch:GetMetricData", "events:ListRules"]
    resources = ["*"]
  }

  statement {
    sid       = "EventsOfBackups"
    effect    = "Allow"
    actions   = ["events:*"]
    resources = ["${local.arn.events}:rule/AwsBackupManagedRule*"]
  }
}

resource "aws_iam_policy" "boundary" {
  for_each = var.environments

  name        = "${local.project}-${each.key}-boundary"
  description = "What roles of ${local.project}-${each.key} can ever do"
  policy      = data.aws_iam_policy_document.boundary[each.key].json
}
