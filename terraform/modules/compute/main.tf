# One Auto Scaling group for each fleet. Names are what other modules build policies and dashboards from.

locals {
  auto_scaling_group_names = { for fleet in keys(var.fleets) : fleet => "${var.name}-${fleet}" }

  # Until the first checks of the load balancer are through. Counted from InService: that is after the hook `ready` for
  # all but the first instances of a group, which are there before its hooks are and boot within this time, too.
  health_check_grace_seconds = 180

  # What a new instance tells of itself is not believed before: while its caches and connections are cold, its CPU is
  # no measure.
  instance_warmup_seconds = 120

  # The fleet is never smaller than it should be: first the new instance, then the old one goes.
  min_healthy_percent = 100
  max_healthy_percent = 150

  # What the dashboard and the alarms read of the group (docs/observability.md).
  enabled_metrics = [
    "GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize", "GroupPendingInstances",
    "GroupTerminatingInstances", "GroupTotalInstances",
  ]

  instance_tags = {
    for fleet, name in local.auto_scaling_group_names : fleet => merge(data.aws_default_tags.current.tags, {
      Name             = name
      Project          = "files-api"
      Environment      = var.environment
      Fleet            = fleet
      AutoScalingGroup = name
      TargetGroup      = var.target_group_arns[fleet]
    })
  }

  # In the order of preference.
  overrides = flatten([
    for architecture in var.architectures : [
      for type in var.instance_types[architecture] : { architecture = architecture, type = type }
    ]
  ])
}

resource "aws_autoscaling_group" "this" {
  for_each = var.fleets

  name                = local.auto_scaling_group_names[each.key]
  min_size            = each.value.min_size
  max_size            = each.value.max_size
  vpc_zone_identifier = var.private_subnet_ids
  target_group_arns   = [var.target_group_arns[each.key]]

  # The load balancer's own opinion: EC2's checks see a machine that runs, and not a service that does not answer.
  health_check_type         = "ELB"
  health_check_grace_period = local.health_check_grace_seconds
  default_instance_warmup   = local.instance_warmup_seconds
  max_instance_lifetime     = var.max_instance_lifetime_days * 24 * 60 * 60
  capacity_rebalance        = var.spot_percentage > 0

  # What is left over of an earlier image goes first; among the rest, what upsets the mix of types least.
  termination_policies = ["OldestLaunchTemplate", "AllocationStrategy", "Default"]

  # None. That it stands here shows a process that somebody has suspended by hand, and forgotten.
  suspended_processes = []

  enabled_metrics     = local.enabled_metrics
  metrics_granularity = "1Minute"

  # When a group is made, `apply` fails where its first instances do not come.
  wait_for_capacity_timeout = "10m"

  dynamic "launch_template" {
    for_each = var.enable_mixed_instances ? [] : [aws_launch_template.this["${each.key}-${var.architectures[0]}"]]

    content {
      id = launch_template.value.id
      # A number and never $Latest: only then is a new version a change that Terraform sees, and a refresh has
      # something to roll back to.
      version = launch_template.value.latest_version
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = var.enable_mixed_instances ? [true] : []

    content {
      instances_distribution {
        on_demand_base_capacity                  = 0
        on_demand_percentage_above_base_capacity = 100 - var.spot_percentage
        on_demand_allocation_strategy            = "prioritized"
        # Cheap, from the pools that are least likely to be taken back (AWS's recommendation).
        spot_allocation_strategy = "price-capacity-optimized"
      }

      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.this["${each.key}-${var.architectures[0]}"].id
          version            = aws_launch_template.this["${each.key}-${var.architectures[0]}"].latest_version
        }

        dynamic "override" {
          for_each = local.overrides

          content {
            instance_type = override.value.type

            launch_template_specification {
              launch_template_id = aws_launch_template.this["${each.key}-${override.value.architecture}"].id
              version            = aws_launch_template.this["${each.key}-${override.value.architecture}"].latest_version
            }
          }
        }
      }
    }
  }

  dynamic "warm_pool" {
    for_each = var.enable_warm_pool ? [true] : []

    content {
      pool_state = "Stopped"
      min_size   = 1

      # What has served is thrown away, not kept for later: an instance has one life.
      instance_reuse_policy {
        reuse_on_scale_in = false
      }
    }
  }

  # For whatever else replaces instances: their lifetime, their health, rebalancing over zones.
  instance_maintenance_policy {
    min_healthy_percentage = local.min_healthy_percent
    max_healthy_percentage = local.max_healthy_percent
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = local.refresh_preferences.MinHealthyPercentage
      max_healthy_percentage = local.refresh_preferences.MaxHealthyPercentage
      instance_warmup        = local.refresh_preferences.InstanceWarmup
      checkpoint_percentages = local.refresh_preferences.CheckpointPercentages
      checkpoint_delay       = local.refresh_preferences.CheckpointDelay
      skip_matching          = local.refresh_preferences.SkipMatching
      auto_rollback          = local.refresh_preferences.AutoRollback

      dynamic "alarm_specification" {
        for_each = length(var.rollback_alarm_names) > 0 ? [var.rollback_alarm_names] : []

        content {
          alarms = alarm_specification.value
        }
      }
    }
  }

  dynamic "tag" {
    for_each = local.instance_tags[each.key]

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # An instance reads them when it starts.
  depends_on = [aws_ssm_parameter.setting]

  lifecycle {
    # It is what the scaling policies write: an apply in the busiest hour must not send instances home.
    ignore_changes = [desired_capacity]
  }
}

# The hooks are resources of their own: `initial_lifecycle_hook` is never read back, so that nobody would see one that is
# gone. For that, the first instances of a group are launched before its hooks; files-api-instance takes that well.

resource "aws_autoscaling_lifecycle_hook" "ready" {
  for_each = aws_autoscaling_group.this

  name                   = "ready"
  autoscaling_group_name = each.value.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  # Completed by the instance, once its service answers; one that has not come to that by then is thrown away.
  heartbeat_timeout = 300
  default_result    = "ABANDON"
}

resource "aws_autoscaling_lifecycle_hook" "drain" {
  for_each = aws_autoscaling_group.this

  name                   = "drain"
  autoscaling_group_name = each.value.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  # More than leaving the target group (75 s) and stopping (75 s) take; the instance asks for more where it needs more.
  heartbeat_timeout = 180
  # An instance that says nothing is dead already.
  default_result = "CONTINUE"
}
