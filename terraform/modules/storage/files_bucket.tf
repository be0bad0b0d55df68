# The files.

resource "aws_s3_bucket" "files" {
  #checkov:skip=CKV_AWS_144:Replication to another region is a switch (enable_replication): it doubles the cost
  #checkov:skip=CKV2_AWS_62:Nobody waits for events of this bucket; what happens to a file is in the service's audit log
  bucket        = local.files_bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    object_ownership = "BucketOwnerEnforced" # ACLs are off: policies alone decide
  }
}

resource "aws_s3_bucket_public_access_block" "files" {
  bucket = aws_s3_bucket.files.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    # One data key for many objects, not a call of KMS (and its price) for each.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

data "aws_iam_policy_document" "files" {
  source_policy_documents = [data.aws_iam_policy_document.tls_only["files"].json]
}

resource "aws_s3_bucket_policy" "files" {
  bucket = aws_s3_bucket.files.id
  policy = data.aws_iam_policy_document.files.json

  # S3 refuses both at once with a conflict: https://github.com/hashicorp/terraform-provider-aws/issues/7628
  depends_on = [aws_s3_bucket_public_access_block.files]
}

resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  # What even the service's own abort misses: a machine that was lost in the middle of an upload.
  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7 # no upload goes on for so long: a body has to keep up 500 bytes a second
    }
  }

  rule {
    id     = "expire-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }

    # A deleted file whose versions are all gone leaves a marker, which slows lists down.
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = var.enable_intelligent_tiering ? [1] : []

    content {
      id     = "intelligent-tiering"
      status = "Enabled"

      filter {}

      transition {
        days          = 0
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }

  # S3 wants to know first whether there are versions.
  depends_on = [aws_s3_bucket_versioning.files]
}

resource "aws_s3_bucket_cors_configuration" "files" {
  count = length(var.cors_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.files.id

  # For downloads alone, by a URL that is a credential in itself; everything else goes through the service.
  cors_rule {
    id              = "downloads"
    allowed_origins = var.cors_origins
    allowed_methods = ["GET", "HEAD"]
    allowed_headers = ["If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Range"]
    expose_headers  = ["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_logging" "files" {
  bucket        = aws_s3_bucket.files.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = local.files_bucket_log_prefix

  # S3 tries to write as soon as it is told.
  depends_on = [aws_s3_bucket_policy.logs]
}
