# Of the whole account. By tag it would be of the environment alone, but until somebody activates the tag as a cost
# allocation tag in the payer's account, such a budget counts nothing and never tells anybody:
# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html

locals {
  # Percent of the month's budget: already spent, and where the month is heading.
  budget_notifications = {
    ACTUAL     = 80
    FORECASTED = 100
  }
}

resource "aws_budgets_budget" "this" {
  count = var.enable_budget ? 1 : 0

  name         = "${var.name}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = local.budget_notifications

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.these["ticket"].arn]
    }
  }

  # A budget that may not publish is refused.
  depends_on = [aws_sns_topic_policy.these]
}
