# What the role of role_apply.tf may do with everything but IAM.

# Network, load balancer, instances, and what is in front of them.
data "aws_iam_policy_document" "apply_machines" {
  #checkov:skip=CKV_AWS_109:Most of EC2 and of load balancing is made without a name that IAM could know; the tag tells environments apart
  #checkov:skip=CKV_AWS_111:Most of EC2 and of load balancing is made without a name that IAM could know; the tag tells environments apart
  #checkov:skip=CKV_AWS_356:Most of EC2 and of load balancing is made without a name that IAM could know; the tag tells environments apart
  for_each = var.environments

  statement {
    sid    = "Machines"
    effect = "Allow"
    actions = [
      "acm:*Certificate",
      "acm:*TagsForCertificate",
      "arc-zonal-shift:*",
      "autoscaling:*",
      "ec2:*Address*",
      "ec2:*FlowLogs",
      "ec2:*InternetGateway*",
      "ec2:*LaunchTemplate*",
      "ec2:*NatGateway*",
      "ec2:*NetworkAcl*",
      "ec2:*Route*",
      "ec2:*SecurityGroup*",
      "ec2:*Subnet*",
      "ec2:*Tags",
      "ec2:*Vpc*",
      "ec2:Describe*",
      "ec2:GetManagedPrefixListEntries",
      "ec2:RunInstances", # Auto Scaling checks a launch template with the rights of whoever names it
      "elasticloadbalancing:*",
      "tag:GetResources",
    ]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # What belongs to another environment, by its tag, is out of bounds.
  statement {
    sid    = "NotOfAnotherEnvironment"
    effect = "Deny"
    actions = [
      "acm:*",
      "autoscaling:*",
      "cognito-idp:*",
      "ec2:*",
      "elasticloadbalancing:*",
      "kms:*",
    ]
    resources = ["*"]

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/Environment"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:ResourceTag/Environment"
      values   = [each.key, local.environment] # the key of the states is used, and within the policy of the states
    }
  }

  # Rule sets of AWS's own are looked at, too.
  statement {
    sid     = "Firewall"
    effect  = "Allow"
    actions = ["wafv2:*"]
    resources = [
      "${local.arn.wafv2}:regional/*/${local.project}-${each.key}*",
      "${local.arn.wafv2}:regional/managedruleset/*",
      "${local.arn.elasticloadbalancing}:loadbalancer/app/${local.project}-${each.key}*",
    ]
  }

  # Route 53 knows neither regions nor names that a policy could know before the zone is there. A zone for each environment
  # keeps them apart.
  statement {
    sid       = "Names"
    effect    = "Allow"
    actions   = ["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:GetHostedZone", "route53:List*"]
    resources = ["*"]
  }

  statement {
    sid       = "FirewallLogs"
    effect    = "Allow"
    actions   = ["logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DeleteResourcePolicy", "logs:UpdateLogDelivery"]
    resources = ["*"] # no resource-level permissions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
  }
}

# Buckets, tables, keys, parameters, Valkey, backups.
data "aws_iam_policy_document" "apply_data" {
  #checkov:skip=CKV_AWS_109:A key has no name before it is there; the tag tells environments apart
  #checkov:skip=CKV_AWS_111:A key has no name before it is there; the tag tells environments apart
  #checkov:skip=CKV_AWS_356:A key has no name before it is there; the tag tells environments apart
  for_each = var.environments

  # Of buckets, not of what is in them.
  statement {
    sid    = "Buckets"
    effect = "Allow"
    actions = [
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:Get*Configuration",
      "s3:GetBucket*",
      "s3:ListBucket*",
      "s3:ListTagsForResource",
      "s3:Put*Configuration",
      "s3:PutBucket*",
      "s3:TagResource",
      "s3:UntagResource",
    ]
    resources = ["arn:${local.partition}:s3:::${local.project}-${each.key}-*"]
  }

  # What Terraform empties a bucket with before it deletes it.
  dynamic "statement" {
    for_each = each.value.destroyable ? [1] : []

    content {
      sid       = "EmptyBuckets"
      effect    = "Allow"
      actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      resources = ["arn:${local.partition}:s3:::${local.project}-${each.key}-*/*"]
    }
  }

  # Of tables, not of what is in them.
  statement {
    sid    = "Tables"
    effect = "Allow"
    actions = concat([
      "dynamodb:CreateTable",
      "dynamodb:Describe*",
      "dynamodb:ListTagsOfResource",
      "dynamodb:TagResource",
      "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ], each.value.destroyable ? ["dynamodb:DeleteTable"] : [])
    resources = ["${local.arn.dynamodb}:table/${local.project}-${each.key}-*"]
  }

  statement {
    sid       = "MakeKeys"
    effect    = "Allow"
    actions   = ["kms:CreateKey", "kms:ListAliases", "kms:ListKeys"]
    resources = ["*"] # no resource-level permissions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
  }

  statement {
    sid    = "Keys"
    effect = "Allow"
    actions = [
      "kms:*Alias",
      "kms:*KeyRotation*",
      "kms:*KeyPolic*",
      "kms:CreateGrant",
      "kms:Decrypt", # the provider reads SecureStrings with their values, and keeps none of them
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ListResourceTags",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateKeyDescription",
    ]
    resources = ["arn:${local.partition}:kms:*:${local.account_id}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = [each.key]
    }
  }

  # A key that is being made gets its tags with the call that makes it, and to tag one is a right of its own. IAM cannot tell
  # that from tagging a key that has no such tag yet: another application's keys in the same account should have one, or be
  # in another account.
  statement {
    sid       = "TagKeysThatAreBeingMade"
    effect    = "Allow"
    actions   = ["kms:TagResource"]
    resources = ["arn:${local.partition}:kms:*:${local.account_id}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/Environment"
      values   = [each.key]
    }

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/Environment"
      values   = ["true"]
    }
  }

  statement {
    sid       = "Aliases"
    effect    = "Allow"
    actions   = ["kms:*Alias"]
    resources = ["arn:${local.partition}:kms:*:${local.account_id}:alias/${local.project}-${each.key}-*"]
  }

  statement {
    sid       = "Parameters"
    effect    = "Allow"
    actions   = ["ssm:AddTagsToResource", "ssm:DeleteParameter*", "ssm:GetParameter*", "ssm:ListTagsForResource", "ssm:PutParameter", "ssm:RemoveTagsFromResource"]
    resources = ["${local.arn.ssm}:parameter/${local.project}/${each.key}/*"]
  }

  statement {
    sid       = "FindParameters"
    effect    = "Allow"
    actions   = ["ssm:DescribeParameters"]
    resources = ["*"] # no resource-level permissions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
  }

  statement {
    sid     = "Valkey"
    effect  = "Allow"
    actions = ["elasticache:*"]
    resources = [
      for kind in ["cluster", "parametergroup", "replicationgroup", "subnetgroup"] :
      "${local.arn.elasticache}:${kind}:${kind == "parametergroup" ? "*" : "${local.project}-${each.key}*"}"
    ]
  }

  statement {
    sid     = "Backups"
    effect  = "Allow"
    actions = ["backup:*", "backup-storage:MountCapsule"]
    resources = [
      "${local.arn.backup}:backup-plan:*",
      "${local.arn.backup}:backup-vault:${local.project}-${each.key}",
    ]
  }
}

# Logs, metrics, alarms, topics; the trigger and the user pool.
data "aws_iam_policy_document" "apply_telling" {
  #checkov:skip=CKV_AWS_109:What these services make without a name that IAM could know is listed where it is
  #checkov:skip=CKV_AWS_111:What these services make without a name that IAM could know is listed where it is
  #checkov:skip=CKV_AWS_356:What these services make without a name that IAM could know is listed where it is
  for_each = var.environments

  # All of it but reading the lines.
  statement {
    sid    = "LogGroups"
    effect = "Allow"
    actions = [
      "logs:*MetricFilter*",
      "logs:*RetentionPolicy",
      "logs:*Tag*",
      "logs:AssociateKmsKey",
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DisassociateKmsKey",
    ]
    resources = [
      for group in [
        "/${local.project}/${each.key}/*",
        "/aws/events/${local.project}/${each.key}/*",
        "/aws/lambda/cwsyn-${local.project}-${each.key}-*",
        "aws-waf-logs-${local.project}-${each.key}*",
      ] : "${local.arn.logs}:log-group:${group}"
    ]
  }

  statement {
    sid     = "Named"
    effect  = "Allow"
    actions = ["cloudwatch:*", "events:*", "lambda:*", "sns:*", "synthetics:*", "xray:*"]
    resources = [
      "${local.arn.cloudwatch}:alarm:${local.project}-${each.key}*",
      "arn:${local.partition}:cloudwatch::${local.account_id}:dashboard/${local.project}-${each.key}*",
      "${local.arn.events}:rule/${local.project}-${each.key}*",
      "${local.arn.lambda}:function:${local.project}-${each.key}-*",
      "${local.arn.lambda}:function:cwsyn-${local.project}-${each.key}-*",
      "${local.arn.lambda}:layer:cwsyn-${local.project}-${each.key}-*",
      "${local.arn.sns}:${local.project}-${each.key}*",
      "${local.arn.synthetics}:canary:${local.project}-${each.key}*",
      "${local.arn.xray}:group/${local.project}-${each.key}*",
      "${local.arn.xray}:sampling-rule/${local.project}-${each.key}*",
    ]
  }

  # No resource-level permissions, or for things without a name of ours: the service authorization references of CloudWatch,
  # CloudWatch Logs, X-Ray, Budgets, Cognito
  # (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
  statement {
    sid    = "Unnamed"
    effect = "Allow"
    actions = [
      "budgets:ModifyBudget",
      "budgets:ViewBudget",
      "budgets:*Tag*",
      "cloudwatch:Describe*",
      "cloudwatch:Get*",
      "cloudwatch:List*",
      "cognito-idp:*ResourceServer*",
      "cognito-idp:*UserPool",
      "cognito-idp:*UserPoolClient*",
      "cognito-idp:*UserPoolDomain",
      "cognito-idp:*TagsForResource",
      "cognito-idp:GetUserPoolMfaConfig",
      "cognito-idp:SetUserPoolMfaConfig",
      "cognito-idp:TagResource",
      "cognito-idp:UntagResource",
      "logs:*QueryDefinition*",
      "logs:Describe*",
      "logs:List*",
      "xray:Get*",
      "xray:List*",
    ]
    resources = ["*"]
  }
}
