# Preferences of SSM sessions. They are here because an account and region has them once, under this very name, and they hold
# for every session, whatever environment the instance is of and however the session was started; an environment that owned
# them would take them along when it is destroyed.
#
# Where somebody has set preferences in the console before, the document is there already:
# `terraform import 'aws_ssm_document.session_preferences[0]' SSM-SessionManagerRunShell`.

locals {
  sessions          = var.enable_session_preferences ? 1 : 0
  session_key_alias = "alias/${local.project}-sessions"
  session_log_group = "/${local.project}/sessions"
}

data "aws_iam_policy_document" "session_key" {
  #checkov:skip=CKV_AWS_109:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_111:In the policy of a key, * is this key alone
  #checkov:skip=CKV_AWS_356:In the policy of a key, * is this key alone

  # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  statement {
    sid       = "AccountAdministersByIAM"
    effect    = "Allow"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["${local.iam}:root"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid       = "RecordsOfSessions"
    effect    = "Allow"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["${local.arn.logs}:log-group:${local.session_log_group}"]
    }
  }
}

resource "aws_kms_key" "sessions" {
  count = local.sessions

  description             = "${local.project}: SSM sessions and their records"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.session_key.json
}

resource "aws_kms_alias" "sessions" {
  count = local.sessions

  name          = local.session_key_alias
  target_key_id = aws_kms_key.sessions[0].key_id
}

resource "aws_cloudwatch_log_group" "sessions" {
  count = local.sessions

  name              = local.session_log_group
  retention_in_days = var.session_retention_days
  kms_key_id        = aws_kms_key.sessions[0].arn
}

# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
resource "aws_ssm_document" "session_preferences" {
  count = local.sessions

  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "Preferences of all sessions in this account and region"
    sessionType   = "Standard_Stream"
    inputs = {
      kmsKeyId                    = aws_kms_key.sessions[0].arn
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.sessions[0].name
      cloudWatchEncryptionEnabled = true
      cloudWatchStreamingEnabled  = true # while it goes on: who deletes traces at the end deletes nothing here
      s3BucketName                = ""
      s3KeyPrefix                 = ""
      s3EncryptionEnabled         = true
      idleSessionTimeout          = "20" # minutes
      maxSessionDuration          = "60" # minutes; who needs longer starts another one
      runAsEnabled                = false
      runAsDefaultUser            = ""
      shellProfile                = { linux = "exec /bin/bash", windows = "" }
    }
  })
}
