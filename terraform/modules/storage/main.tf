# What must not be lost: the files, and who may have them.
#
#   main.tf          the key that encrypts all of it, and the guard against destroying it
#   files_bucket.tf  the files
#   logs_bucket.tf   the access logs of the load balancer and of the files' bucket
#   tables.tf        API keys; idempotency keys and quotas
#   replication.tf   the files once more, in another region (switch; the copy is the module ./replica)
#   backup.tf        files and tables in a vault of AWS Backup (switch)

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  # Names of buckets are the whole world's; with the number of the account nobody else has taken them already.
  files_bucket = "${var.name}-files-${local.account_id}"
  logs_bucket  = "${var.name}-logs-${local.account_id}"
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_111:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_356:In the policy of a key, * is this key alone

  # Who may use the key is said by IAM, role by role. Without this nobody could ever change the key again:
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
}

# One key for the bucket, the tables and the secrets: they are read by the same role, and go together when they go.
resource "aws_kms_key" "data" {
  description             = "${var.name}: files, tables and secrets"
  enable_key_rotation     = true
  deletion_window_in_days = 30 # the longest there is: without this key nothing of it can be read, ever
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "data" {
  name          = "alias/${var.name}-data"
  target_key_id = aws_kms_key.data.key_id
}

# prevent_destroy cannot be a variable, but a resource that has it can be there or not. Destroying the stack, or replacing
# one of these, would destroy the guard, and Terraform refuses that while it plans, before anything has happened.
# To really do it: set deletion_protection = false, `terraform state rm` the guard, apply, destroy.
resource "terraform_data" "guard" {
  count = var.deletion_protection ? 1 : 0

  triggers_replace = [
    aws_s3_bucket.files.id,
    aws_dynamodb_table.keys.id,
    aws_dynamodb_table.state.id,
    aws_kms_key.data.id,
  ]

  lifecycle {
    prevent_destroy = true
  }
}
