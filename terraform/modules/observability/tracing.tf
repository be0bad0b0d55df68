# Which traces X-Ray is sent, the service decides itself (OTEL_TRACES_SAMPLER: a tenth, unless its caller has decided).
# Whatever asks X-Ray before it calls the service is told the same here, and nothing of the health checks, which are many
# and all alike. Attributes: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html

locals {
  # As in the service's telemetry, `service.name`.
  traced_service = "files-api"

  sampling_rules = {
    health = { url_path = "/health/*", priority = 100, fixed_rate = 0, reservoir_size = 0 }
    rest   = { url_path = "*", priority = 200, fixed_rate = 0.1, reservoir_size = 1 }
  }

  # What one looks for at night. Seconds; a second is also what the alarm answers-begin-late counts as late.
  trace_groups = {
    failed = "service(\"${local.traced_service}\") { fault = true }"
    slow   = "service(\"${local.traced_service}\") { responsetime > 1 }"
  }
}

resource "aws_xray_sampling_rule" "these" {
  for_each = local.sampling_rules

  rule_name      = "${var.name}-${each.key}"
  priority       = each.value.priority
  version        = 1
  service_name   = local.traced_service
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = each.value.url_path
  resource_arn   = "*"
  fixed_rate     = each.value.fixed_rate
  reservoir_size = each.value.reservoir_size
}

resource "aws_xray_group" "these" {
  for_each = local.trace_groups

  group_name        = "${var.name}-${each.key}"
  filter_expression = each.value

  insights_configuration {
    insights_enabled = true
    # The alarms tell; these would tell the same once more, through another channel.
    notifications_enabled = false
  }
}
