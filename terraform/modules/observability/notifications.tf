# Two topics, since they go to different people at different times: a page wakes somebody, a ticket waits for a working day.

locals {
  severities = toset(["page", "ticket"])
  senders    = concat(["cloudwatch.amazonaws.com"], var.enable_budget ? ["budgets.amazonaws.com"] : [])

  subscriptions = merge([
    for severity in local.severities : {
      for address in var.alert_emails[severity] : "${severity}/${address}" => { severity = severity, address = address }
    }
  ]...)
}

resource "aws_sns_topic" "these" {
  for_each = local.severities

  name              = "${var.name}-${each.key}"
  kms_master_key_id = aws_kms_key.this.arn
  # SHA-256, for those who check that a message is from Amazon; version 1 is SHA-1.
  signature_version = 2
}

data "aws_iam_policy_document" "topics" {
  for_each = local.severities

  statement {
    sid       = "AlarmsAndBudgetOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.these[each.key].arn]

    principals {
      type        = "Service"
      identifiers = local.senders
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  statement {
    sid       = "OnlyByTLS"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.these[each.key].arn]

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

resource "aws_sns_topic_policy" "these" {
  for_each = local.severities

  arn    = aws_sns_topic.these[each.key].arn
  policy = data.aws_iam_policy_document.topics[each.key].json
}

# Each address gets a mail from Amazon, and hears nothing more until somebody has clicked its link.
resource "aws_sns_topic_subscription" "emails" {
  for_each = local.subscriptions

  topic_arn = aws_sns_topic.these[each.value.severity].arn
  protocol  = "email"
  endpoint  = each.value.address
}
