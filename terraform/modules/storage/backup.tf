# Backups outlive what versions and point-in-time recovery do not: the bucket or a table being deleted altogether.

locals {
  backups = var.enable_backup ? 1 : 0

  backup_policies = var.enable_backup ? toset([
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "AWSBackupServiceRolePolicyForS3Backup",
  ]) : toset([])
}

resource "aws_backup_vault" "this" {
  count = local.backups

  name        = var.name
  kms_key_arn = aws_kms_key.data.arn
}

resource "aws_backup_plan" "this" {
  count = local.backups

  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this[0].name
    schedule          = "cron(0 3 * * ? *)" # UTC
    start_window      = 60                  # minutes
    completion_window = 720                 # minutes; the first backup of a large bucket takes long

    lifecycle {
      delete_after = var.backup_retention_days
    }
  }
}

data "aws_iam_policy_document" "backup_trust" {
  statement {
    sid     = "BackupOfThisAccount"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "backup" {
  count = local.backups

  name                 = "${var.name}-backup"
  description          = "Lets AWS Backup read the files and tables of ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.backup_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

# AWS's own: what its service needs changes with the service. The selection below says of what backups are made.
# https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
resource "aws_iam_role_policy_attachment" "backup" {
  for_each = local.backup_policies

  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.key}"
}

resource "aws_backup_selection" "this" {
  count = local.backups

  name         = var.name
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn

  resources = [
    aws_s3_bucket.files.arn,
    aws_dynamodb_table.keys.arn,
    # Not the state table: nobody wants last night's quotas back.
  ]

  depends_on = [aws_iam_role_policy_attachment.backup]
}
