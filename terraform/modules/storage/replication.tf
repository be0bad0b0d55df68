# What of the files is copied to another region, and by whom; the copy itself is the module ./replica. Deletions are copied
# as markers, so that the copy is what the original is; removing a version for good is not (S3 never replicates that).

locals {
  replicas = var.enable_replication ? 1 : 0
}

data "aws_iam_policy_document" "replication_trust" {
  statement {
    sid     = "S3OfThisAccount"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
data "aws_iam_policy_document" "replication" {
  count = local.replicas

  statement {
    sid       = "ReadWhatIsToBeCopied"
    effect    = "Allow"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [aws_s3_bucket.files.arn]
  }

  statement {
    sid       = "ReadFiles"
    effect    = "Allow"
    actions   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
    resources = ["${aws_s3_bucket.files.arn}/*"]
  }

  statement {
    sid       = "WriteCopies"
    effect    = "Allow"
    actions   = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    resources = ["${var.replica.bucket_arn}/*"]
  }

  statement {
    sid       = "DecryptFiles"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.data.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "EncryptCopies"
    effect    = "Allow"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.replica.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.replica.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "replication" {
  count = local.replicas

  name                 = "${var.name}-replication"
  description          = "Lets S3 copy the files of ${var.name} to another region"
  assume_role_policy   = data.aws_iam_policy_document.replication_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "replication" {
  count = local.replicas

  name   = "replication"
  role   = aws_iam_role.replication[0].id
  policy = data.aws_iam_policy_document.replication[0].json
}

resource "aws_s3_bucket_replication_configuration" "files" {
  count = local.replicas

  bucket = aws_s3_bucket.files.id
  role   = aws_iam_role.replication[0].arn

  rule {
    id       = "everything"
    status   = "Enabled"
    priority = 0

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    # Without it S3 leaves out whatever KMS has encrypted, which is everything.
    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = var.replica.bucket_arn
      storage_class = "STANDARD_IA" # read after a disaster, if ever

      encryption_configuration {
        replica_kms_key_id = var.replica.kms_key_arn
      }
    }
  }

  depends_on = [aws_iam_role_policy.replication, aws_s3_bucket_versioning.files]

  lifecycle {
    precondition {
      condition     = var.replica.region != local.region
      error_message = "The replica must be in another region than the stack: a copy in the same one is lost with it."
    }
  }
}
