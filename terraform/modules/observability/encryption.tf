# One key for everything that is observed: the logs of all modules, the topics, and what the canary leaves behind.

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_111:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_356:In the policy of a key, * is this key alone

  # Without it nobody could ever change the key again:
  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  statement {
    sid       = "AccountAdministersByIAM"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid       = "LogGroupsOfThisEnvironment"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for names in local.encrypted_log_groups : "${local.arn_of_log_groups}:${names}"]
    }
  }

  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
  statement {
    sid       = "SendersToTheTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = local.senders
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

locals {
  # Where other modules' names begin with a service's own prefix, they end with this environment's.
  encrypted_log_groups = [
    "${local.log_groups}/*",
    "/aws/events${local.log_groups}/*",
    "/aws/lambda/cwsyn-${var.name}-*",
    "aws-waf-logs-${var.name}*",
  ]
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: logs and notifications"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-observability"
  target_key_id = aws_kms_key.this.key_id
}
