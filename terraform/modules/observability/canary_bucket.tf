# What Synthetics keeps of each run.

resource "aws_s3_bucket" "canary" {
  #checkov:skip=CKV_AWS_18:What reads and writes here is the canary; its runs are in its log
  #checkov:skip=CKV_AWS_21:Each run writes under a name of its own, and nothing is ever written over
  #checkov:skip=CKV_AWS_144:Reports of health checks are not worth a copy in another region
  #checkov:skip=CKV2_AWS_62:Nobody waits for these reports
  count = local.canaries

  bucket = "${local.canary_name}-${local.account_id}-${local.region}"
  # A month of reports must not keep an environment from being taken down.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "canary" {
  count = local.canaries

  bucket                  = aws_s3_bucket.canary[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "canary" {
  count = local.canaries

  bucket = aws_s3_bucket.canary[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "canary" {
  count = local.canaries

  bucket = aws_s3_bucket.canary[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "canary" {
  count = local.canaries

  bucket = aws_s3_bucket.canary[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = local.canary_artifacts_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "canary_bucket" {
  count = local.canaries

  # In a denial, the widest is the safest.
  statement {
    sid       = "OnlyByTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.canary[0].arn, "${aws_s3_bucket.canary[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "canary" {
  count = local.canaries

  bucket = aws_s3_bucket.canary[0].id
  policy = data.aws_iam_policy_document.canary_bucket[0].json

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.canary]
}
