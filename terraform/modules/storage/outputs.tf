output "kms_key_arn" {
  description = "ARN of the KMS key that encrypts files, tables and secrets."
  value       = aws_kms_key.data.arn
}

output "files_bucket" {
  description = "Name of the bucket that holds the files (FILES_API_BUCKET)."
  value       = aws_s3_bucket.files.id

  # Whoever uses it finds it encrypted and closed.
  depends_on = [
    aws_s3_bucket_ownership_controls.files,
    aws_s3_bucket_policy.files,
    aws_s3_bucket_server_side_encryption_configuration.files,
    aws_s3_bucket_versioning.files,
  ]
}

output "files_bucket_arn" {
  description = "ARN of the bucket that holds the files."
  value       = aws_s3_bucket.files.arn
}

output "logs_bucket" {
  description = "Name of the bucket for access logs."
  value       = aws_s3_bucket.logs.id

  # A load balancer tries to write as soon as it is told to log there.
  depends_on = [aws_s3_bucket_policy.logs, aws_s3_bucket_server_side_encryption_configuration.logs]
}

output "keys_table" {
  description = "Name of the table of API keys (FILES_API_KEYS_TABLE)."
  value       = aws_dynamodb_table.keys.name
}

output "keys_table_arn" {
  description = "ARN of the table of API keys."
  value       = aws_dynamodb_table.keys.arn
}

output "state_table" {
  description = "Name of the table of idempotency keys and quotas (FILES_API_STATE_TABLE)."
  value       = aws_dynamodb_table.state.name
}

output "state_table_arn" {
  description = "ARN of the table of idempotency keys and quotas."
  value       = aws_dynamodb_table.state.arn
}
