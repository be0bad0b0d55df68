resource "aws_cloudwatch_log_group" "service" {
  #checkov:skip=CKV_AWS_338:A year of every request costs much and answers little; what must be kept is in the audit log
  name              = "${local.log_groups}/service"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

# The service writes to it by itself (FILES_API_AUDIT_LOG_GROUP): who was refused, who deleted what, who made which key.
resource "aws_cloudwatch_log_group" "audit" {
  name              = "${local.log_groups}/audit"
  retention_in_days = var.audit_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

# EventBridge only writes to groups whose names begin with /aws/events:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
resource "aws_cloudwatch_log_group" "deployments" {
  name              = "/aws/events${local.log_groups}/deployments"
  retention_in_days = var.audit_retention_days
  kms_key_id        = aws_kms_key.this.arn
}
