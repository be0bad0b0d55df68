# Deployment marks: what Auto Scaling tells of this environment's groups (launches, terminations, instance refreshes and
# their checkpoints and rollbacks), as the dashboard and the saved query `deployments/last` read it.

resource "aws_cloudwatch_event_rule" "deployments" {
  name        = "${var.name}-deployments"
  description = "What Auto Scaling does to the instances of ${var.name}, for the dashboard"

  event_pattern = jsonencode({
    source = ["aws.autoscaling"]
    # All fleets, blue and green: a deployment is one's end and the other's beginning.
    detail = { AutoScalingGroupName = [{ prefix = "${var.name}-" }] }
  })
}

resource "aws_cloudwatch_event_target" "deployments" {
  rule      = aws_cloudwatch_event_rule.deployments.name
  target_id = "log-group"
  arn       = aws_cloudwatch_log_group.deployments.arn

  # EventBridge drops what it may not write.
  depends_on = [aws_cloudwatch_log_resource_policy.deployments]
}

# A rule writes to a log group by the group's policy, never by a role. Only PutLogEvents carries the rule's ARN:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
data "aws_iam_policy_document" "deployments" {
  statement {
    sid       = "RuleMakesStreams"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.deployments.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }

  statement {
    sid       = "RuleWritesEvents"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.deployments.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.deployments.arn]
    }
  }
}

# An account has room for ten of these in a region.
resource "aws_cloudwatch_log_resource_policy" "deployments" {
  policy_name     = "${var.name}-deployments"
  policy_document = data.aws_iam_policy_document.deployments.json
}
