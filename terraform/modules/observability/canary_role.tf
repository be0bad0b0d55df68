# What the canary may do. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries_Roles.html
# asks for more: to list all buckets, for a console that is not used here, and to make its log group, which Terraform does.

data "aws_iam_policy_document" "canary_trust" {
  statement {
    sid     = "LambdaRunsTheCanary"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "canary" {
  #checkov:skip=CKV_AWS_111:cloudwatch:PutMetricData knows no resources; the condition names the namespace
  #checkov:skip=CKV_AWS_356:cloudwatch:PutMetricData knows no resources; the condition names the namespace
  count = local.canaries

  statement {
    sid       = "KeepsArtifacts"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.canary[0].arn}/*"]
  }

  statement {
    sid       = "FindsArtifacts"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.canary[0].arn]
  }

  statement {
    sid       = "EncryptsArtifacts"
    actions   = ["kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "WritesItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn_of_log_groups}:/aws/lambda/cwsyn-${local.canary_name}-*"]
  }

  # No resource-level permissions:
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
  statement {
    sid       = "TellsItsResult"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["CloudWatchSynthetics"]
    }
  }

  dynamic "statement" {
    for_each = var.synthetics_key_parameter[*]

    content {
      sid       = "ReadsItsKey"
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = var.synthetics_key_parameter[*]

    content {
      sid       = "DecryptsItsKey"
      actions   = ["kms:Decrypt"]
      resources = [var.synthetics_key_parameter_kms_key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:PARAMETER_ARN"
        values   = ["arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${statement.value}"]
      }
    }
  }
}

resource "aws_iam_role" "canary" {
  count = local.canaries

  name                 = local.canary_name
  description          = "The Synthetics canary of ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.canary_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "canary" {
  count = local.canaries

  name   = "canary"
  role   = aws_iam_role.canary[0].id
  policy = data.aws_iam_policy_document.canary[0].json
}
