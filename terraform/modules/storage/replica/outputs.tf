output "replica" {
  description = "What the module storage needs to copy files here, as its variable replica."
  value = {
    bucket_arn  = aws_s3_bucket.this.arn
    kms_key_arn = aws_kms_key.this.arn
    region      = data.aws_region.current.name
  }

  # S3 refuses to replicate to a bucket without versions.
  depends_on = [aws_s3_bucket_versioning.this]
}

output "bucket" {
  description = "Name of the bucket with the copies."
  value       = aws_s3_bucket.this.id
}
