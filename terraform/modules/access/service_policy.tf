# What the service may do. Which call needs what stands in docs/access.md and in the adapters' docstrings;
# tests/infra/test_role.py runs the service with exactly this.

data "aws_iam_policy_document" "service" {
  # GetObject is HeadObject, too, and what a presigned URL is good for; PutObject is CreateMultipartUpload, UploadPart and
  # CompleteMultipartUpload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
  statement {
    sid    = "KeepFiles"
    effect = "Allow"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
    ]
    resources = ["${var.files_bucket_arn}/${var.files_prefix}*"]
  }

  # The SHA-256 of a file that came in parts is a tag on exactly that version (adapters/s3/digests.py).
  statement {
    sid    = "KeepDigests"
    effect = "Allow"
    actions = [
      "s3:GetObjectTagging",
      "s3:GetObjectVersionTagging",
      "s3:PutObjectTagging",
      "s3:PutObjectVersionTagging",
    ]
    resources = ["${var.files_bucket_arn}/${var.files_prefix}*"]
  }

  # Without a condition on the prefix: it is also what tells "no such file" from "not allowed", and that request has none.
  statement {
    sid       = "ListFiles"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [var.files_bucket_arn]
  }

  statement {
    sid       = "EncryptFiles"
    effect    = "Allow"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.data_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }

    # With a bucket key the context is the bucket, without one the object.
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = [var.files_bucket_arn, "${var.files_bucket_arn}/*"]
    }
  }

  statement {
    sid       = "LookUpKeys"
    effect    = "Allow"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [var.keys_table_arn]
  }

  statement {
    sid       = "CountAndRemember"
    effect    = "Allow"
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [var.state_table_arn]
  }

  # `files-api keys` in a session on an instance, as docs/access.md promises: the program has the instance's credentials, and
  # so has the service. Where operators have credentials of their own for the table, switch it off: then nobody who breaks
  # into an instance can make himself a key.
  dynamic "statement" {
    for_each = var.enable_key_management ? [1] : []

    content {
      sid    = "ManageKeys"
      effect = "Allow"
      actions = [
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:Scan",
      ]
      resources = [var.keys_table_arn]
    }
  }

  # DynamoDB asks KMS in the caller's name, now and then:
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  statement {
    sid    = "EncryptTables"
    effect = "Allow"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = [var.data_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadSecrets"
    effect    = "Allow"
    actions   = ["ssm:GetParameter"]
    resources = ["${local.arn.ssm}:parameter${local.openai_key_parameter}"]
  }

  # Of all that this key has encrypted, the one parameter.
  statement {
    sid       = "DecryptSecrets"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = [var.data_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = ["${local.arn.ssm}:parameter${local.openai_key_parameter}"]
    }
  }

  statement {
    sid       = "WriteAudit"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [var.audit_log_group_arn, "${var.audit_log_group_arn}:log-stream:*"]
  }
}
