# Both policies may add instances; one is taken away only when both agree (target tracking does so by itself). `enabled`
# stands here so that a policy which somebody has switched off by hand shows in the plan.

locals {
  # How CloudWatch names a target group behind a load balancer.
  resource_labels = { for fleet in keys(var.fleets) : fleet => "${var.load_balancer_arn_suffix}/${var.target_group_arn_suffixes[fleet]}" }
}

resource "aws_autoscaling_policy" "requests" {
  for_each = aws_autoscaling_group.this

  name                   = "requests-per-target"
  autoscaling_group_name = each.value.name
  policy_type            = "TargetTrackingScaling"
  enabled                = true

  target_tracking_configuration {
    target_value = var.requests_per_target_per_minute

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = local.resource_labels[each.key]
    }
  }
}

# Requests are not all alike: an upload of a gigabyte counts as one, and hashing it is work.
resource "aws_autoscaling_policy" "cpu" {
  for_each = aws_autoscaling_group.this

  name                   = "cpu"
  autoscaling_group_name = each.value.name
  policy_type            = "TargetTrackingScaling"
  enabled                = true

  target_tracking_configuration {
    target_value = var.cpu_target_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "forecast" {
  for_each = var.enable_predictive_scaling ? aws_autoscaling_group.this : {}

  name                   = "forecast"
  autoscaling_group_name = each.value.name
  policy_type            = "PredictiveScaling"
  enabled                = true

  predictive_scaling_configuration {
    # It only ever adds to what target tracking wants.
    mode                         = "ForecastAndScale"
    max_capacity_breach_behavior = "HonorMaxCapacity"
    # Launched as long before as an instance takes to boot and to be warm.
    scheduling_buffer_time = 300

    metric_specification {
      target_value = var.cpu_target_percent

      predefined_metric_pair_specification {
        predefined_metric_type = "ASGCPUUtilization"
      }
    }
  }
}
