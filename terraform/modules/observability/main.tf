# What an operator sees, and what wakes one. The content comes from observability/ at the root of the repository, which
# `make observability` writes and tests hold to the service's own names; here it gets its resources. docs/observability.md
# explains it, docs/runbook.md says what to do about each alarm.
#
# Left out: aws_xray_encryption_config. An account has one for each region, so that two environments would fight for it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  content = "${path.module}/../../../observability/cloudwatch"
  # The names under which the service, the CloudWatch agent and the saved queries know them.
  log_groups = "/files-api/${var.environment}"

  arn_of_log_groups = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"
}
