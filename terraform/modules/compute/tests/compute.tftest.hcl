# What must hold for security, for scaling and for replacing instances. Nothing is made: the provider is a mock.

mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = {
      insecure_value = "ami-0123456789abcdef0"
    }
  }

  mock_data "aws_region" {
    defaults = {
      name = "eu-central-1"
    }
  }

  mock_data "aws_default_tags" {
    defaults = {
      tags = {
        ManagedBy = "terraform"
      }
    }
  }
}

variables {
  name                       = "files-api-dev"
  environment                = "dev"
  private_subnet_ids         = ["subnet-0a", "subnet-0b"]
  instance_security_group_id = "sg-0123"
  instance_profile_name      = "files-api-dev-instance"
  load_balancer_arn_suffix   = "app/files-api-dev/50dc6c495c0c9188"
  target_group_arns = {
    blue  = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
    green = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-green/0f1e2d3c4b5a6978"
  }
  target_group_arn_suffixes = {
    blue  = "targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
    green = "targetgroup/files-api-dev-green/0f1e2d3c4b5a6978"
  }
  fleets                         = { blue = { min_size = 2, max_size = 6 } }
  architectures                  = ["x86_64"]
  instance_types                 = { x86_64 = ["m7i.large"] }
  settings                       = { FILES_API_BUCKET = "files", PORT = "8000" }
  requests_per_target_per_minute = 3000
  rollback_alarm_names           = ["files-api-dev-rollback"]
}

run "credentials_stay_on_the_instance" {
  command = plan

  assert {
    condition = alltrue([
      for template in values(aws_launch_template.this) : (
        template.metadata_options[0].http_tokens == "required"
        && template.metadata_options[0].http_put_response_hop_limit == 1
        && template.metadata_options[0].http_endpoint == "enabled"
      )
    ])
    error_message = "Metadata must ask for tokens (IMDSv2) and not leave the instance."
  }

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].iam_instance_profile[0].name == "files-api-dev-instance"
    error_message = "The instance must have the given profile."
  }

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].key_name == null
    error_message = "Nobody gets in by a key pair."
  }

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].vpc_security_group_ids == toset(["sg-0123"])
    error_message = "The instance must have the given security group, and no other."
  }
}

run "the_disk_is_encrypted" {
  command = plan

  assert {
    condition = (
      aws_launch_template.this["blue-x86_64"].block_device_mappings[0].ebs[0].encrypted == "true"
      && aws_launch_template.this["blue-x86_64"].block_device_mappings[0].ebs[0].volume_type == "gp3"
    )
    error_message = "The root disk must be an encrypted gp3 volume."
  }
}

run "the_image_is_an_id_that_was_read_from_the_parameter_of_its_fleet" {
  command = plan

  assert {
    condition     = data.aws_ssm_parameter.ami["blue-x86_64"].name == "/files-api/dev/ami/blue/x86_64"
    error_message = "The parameter must be the one that `make ami` writes."
  }

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].image_id == "ami-0123456789abcdef0"
    error_message = "The template must hold the id itself, or a refresh cannot be rolled back."
  }

  assert {
    condition     = output.ami_ids == { blue = { x86_64 = "ami-0123456789abcdef0" } }
    error_message = "The output must tell which image each fleet runs."
  }
}

run "user_data_says_where_the_settings_are_and_nothing_secret" {
  command = plan

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this["blue-x86_64"].user_data), "PARAMETERS=/files-api/dev\n")
    error_message = "User data must name the path of the parameters."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this["blue-x86_64"].user_data), "AWS_REGION=eu-central-1\n")
    error_message = "User data must name the region."
  }

  assert {
    condition     = startswith(base64decode(aws_launch_template.this["blue-x86_64"].user_data), "#cloud-config\n")
    error_message = "cloud-init must take user data for cloud-config."
  }
}

run "another_setting_is_another_user_data" {
  command = plan

  variables {
    settings = { FILES_API_BUCKET = "files", PORT = "8001" }
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this["blue-x86_64"].user_data), sha256(jsonencode({ FILES_API_BUCKET = "files", PORT = "8001" })))
    error_message = "A changed setting must change the template, so that it reaches instances by a refresh."
  }
}

run "settings_are_plain_parameters_under_their_path" {
  command = plan

  assert {
    condition     = { for name, parameter in aws_ssm_parameter.setting : parameter.name => parameter.value } == { "/files-api/dev/settings/FILES_API_BUCKET" = "files", "/files-api/dev/settings/PORT" = "8000" }
    error_message = "Each setting must be a parameter of its name."
  }

  assert {
    condition     = alltrue([for parameter in values(aws_ssm_parameter.setting) : parameter.type == "String"])
    error_message = "Settings are no secrets, and the instance may decrypt nothing under their path."
  }

  assert {
    condition     = output.settings_path == "/files-api/dev/settings"
    error_message = "The output must tell their path."
  }
}

run "a_fleet_is_spread_healthy_and_replaced_with_care" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this["blue"].name == "files-api-dev-blue" && output.auto_scaling_group_names == { blue = "files-api-dev-blue" }
    error_message = "Policies and dashboards build on the group's name."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].vpc_zone_identifier == toset(["subnet-0a", "subnet-0b"])
    error_message = "The fleet must use all of the private subnets."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].target_group_arns == toset([var.target_group_arns.blue])
    error_message = "The fleet must be in the target group of its colour, and in no other."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].health_check_type == "ELB" && aws_autoscaling_group.this["blue"].health_check_grace_period > 0
    error_message = "The load balancer must be asked for an instance's health, once it has had time to boot."
  }

  assert {
    condition = (
      aws_autoscaling_group.this["blue"].instance_maintenance_policy[0].min_healthy_percentage == 100
      && aws_autoscaling_group.this["blue"].instance_maintenance_policy[0].max_healthy_percentage == 150
    )
    error_message = "Replacing must never make the fleet smaller."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].max_instance_lifetime == 30 * 24 * 60 * 60
    error_message = "No instance may get older than 30 days by default."
  }

  assert {
    condition = length(setsubtract(
      ["GroupInServiceInstances", "GroupDesiredCapacity", "GroupMaxSize", "GroupPendingInstances", "GroupTerminatingInstances"],
      aws_autoscaling_group.this["blue"].enabled_metrics,
    )) == 0
    error_message = "The dashboard reads these metrics of the group (docs/observability.md)."
  }

  assert {
    condition     = length(aws_autoscaling_group.this["blue"].suspended_processes) == 0
    error_message = "No process of the group may be suspended."
  }
}

run "a_refresh_goes_in_steps_and_back_when_an_alarm_rings" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_group.this["blue"].instance_refresh[0].strategy == "Rolling"
      && aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].min_healthy_percentage == 100
      && aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].max_healthy_percentage == 150
      && aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].auto_rollback == true
      && aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].skip_matching == true
    )
    error_message = "A refresh must keep the fleet whole, skip what is new already, and be able to go back."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].checkpoint_percentages == tolist([34, 100])
    error_message = "A refresh must stop and look before the whole fleet is new."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].alarm_specification[0].alarms == tolist(["files-api-dev-rollback"])
    error_message = "The given alarms must stop a refresh."
  }

  assert {
    condition     = output.refresh_preferences.AlarmSpecification.Alarms == tolist(["files-api-dev-rollback"]) && output.refresh_preferences.AutoRollback
    error_message = "`make deploy` must be told the same as the group."
  }
}

run "a_refresh_without_alarms_names_none" {
  command = plan

  variables {
    rollback_alarm_names = []
  }

  assert {
    condition     = length(aws_autoscaling_group.this["blue"].instance_refresh[0].preferences[0].alarm_specification) == 0
    error_message = "An empty list of alarms is refused by AWS."
  }
}

run "instances_say_when_they_are_ready_and_are_waited_for_when_they_leave" {
  command = plan

  assert {
    condition = (
      aws_autoscaling_lifecycle_hook.ready["blue"].name == "ready"
      && aws_autoscaling_lifecycle_hook.ready["blue"].lifecycle_transition == "autoscaling:EC2_INSTANCE_LAUNCHING"
      && aws_autoscaling_lifecycle_hook.ready["blue"].default_result == "ABANDON"
    )
    error_message = "An instance that never gets ready must not be put into service."
  }

  assert {
    condition = (
      aws_autoscaling_lifecycle_hook.drain["blue"].name == "drain"
      && aws_autoscaling_lifecycle_hook.drain["blue"].lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING"
      && aws_autoscaling_lifecycle_hook.drain["blue"].default_result == "CONTINUE"
      && aws_autoscaling_lifecycle_hook.drain["blue"].heartbeat_timeout >= 75 + 75
    )
    error_message = "An instance must have the time to leave its target group (75 s) and to stop (75 s)."
  }
}

run "an_instance_knows_its_fleet_by_its_tags" {
  command = plan

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].metadata_options[0].instance_metadata_tags == "enabled"
    error_message = "The instance reads its tags from its metadata."
  }

  assert {
    condition = { for tag in aws_autoscaling_group.this["blue"].tag : tag.key => tag.value } == {
      Name             = "files-api-dev-blue"
      Project          = "files-api"
      Environment      = "dev"
      Fleet            = "blue"
      AutoScalingGroup = "files-api-dev-blue"
      TargetGroup      = var.target_group_arns.blue
      ManagedBy        = "terraform"
    }
    error_message = "The group must give its instances the tags that their programs read, and the provider's."
  }

  assert {
    condition     = alltrue([for tag in aws_autoscaling_group.this["blue"].tag : tag.propagate_at_launch])
    error_message = "All tags are for the instances."
  }

  assert {
    # Else launching fails: these names are paths in the metadata (EC2 user guide, "View tags ... instance metadata").
    condition     = alltrue([for tag in aws_autoscaling_group.this["blue"].tag : can(regex("^[A-Za-z0-9+=.,_:@-]+$", tag.key))])
    error_message = "Names of tags must be such that metadata can show them."
  }
}

run "a_fleet_scales_by_requests_and_by_cpu" {
  command = plan

  assert {
    condition     = aws_autoscaling_policy.requests["blue"].target_tracking_configuration[0].predefined_metric_specification[0].resource_label == "app/files-api-dev/50dc6c495c0c9188/targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
    error_message = "The label must name the load balancer and the target group of this fleet."
  }

  assert {
    condition = (
      aws_autoscaling_policy.requests["blue"].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ALBRequestCountPerTarget"
      && aws_autoscaling_policy.requests["blue"].target_tracking_configuration[0].target_value == 3000
    )
    error_message = "Requests per target must be tracked at the given value."
  }

  assert {
    condition = (
      aws_autoscaling_policy.cpu["blue"].target_tracking_configuration[0].predefined_metric_specification[0].predefined_metric_type == "ASGAverageCPUUtilization"
      && aws_autoscaling_policy.cpu["blue"].target_tracking_configuration[0].target_value == 50
    )
    error_message = "CPU must be tracked at 50 % by default."
  }

  assert {
    condition = (
      coalesce(aws_autoscaling_policy.requests["blue"].target_tracking_configuration[0].disable_scale_in, false) == false
      && coalesce(aws_autoscaling_policy.cpu["blue"].target_tracking_configuration[0].disable_scale_in, false) == false
      && aws_autoscaling_policy.requests["blue"].enabled && aws_autoscaling_policy.cpu["blue"].enabled
    )
    error_message = "Both policies must be on, and may scale in."
  }

  assert {
    condition     = aws_launch_template.this["blue-x86_64"].monitoring[0].enabled
    error_message = "CPU must be measured by the minute."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].default_instance_warmup == 120
    error_message = "What an instance tells of itself must not count before it is warm."
  }

  assert {
    condition     = length(aws_autoscaling_policy.forecast) == 0
    error_message = "Predictive scaling must be off unless it is wanted."
  }
}

run "one_type_on_demand_needs_no_mixed_instances" {
  command = plan

  assert {
    condition     = length(aws_autoscaling_group.this["blue"].mixed_instances_policy) == 0 && length(aws_autoscaling_group.this["blue"].launch_template) == 1
    error_message = "A fleet of one type must use its template directly."
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].capacity_rebalance == false
    error_message = "Without spot instances there is nothing to rebalance."
  }

  assert {
    condition     = length(aws_autoscaling_group.this["blue"].warm_pool) == 0
    error_message = "A warm pool must be off unless it is wanted."
  }
}

run "versions_are_numbers_that_are_known_after_a_change" {
  command = apply

  override_resource {
    target = aws_launch_template.this
    values = {
      id             = "lt-0123456789abcdef0"
      latest_version = 7
    }
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].launch_template[0].version == "7"
    error_message = "The group must name the version by its number."
  }

  assert {
    condition     = output.launch_templates == { blue = { x86_64 = { id = "lt-0123456789abcdef0", version = 7 } } }
    error_message = "`make deploy` must be told the template and its version."
  }

  assert {
    condition     = output.launch_template_versions == { blue = { x86_64 = 7 } }
    error_message = "The output must tell the version of each template."
  }
}

run "both_architectures_with_spot" {
  command   = apply
  state_key = "mixed"

  variables {
    architectures          = ["arm64", "x86_64"]
    instance_types         = { arm64 = ["m7g.large", "m6g.large"], x86_64 = ["m7i.large"] }
    enable_mixed_instances = true
    spot_percentage        = 75
  }

  override_resource {
    target = aws_launch_template.this["blue-arm64"]
    values = {
      id             = "lt-0000000000000000a"
      latest_version = 3
    }
  }

  override_resource {
    target = aws_launch_template.this["blue-x86_64"]
    values = {
      id             = "lt-0000000000000000b"
      latest_version = 5
    }
  }

  assert {
    condition     = length(aws_autoscaling_group.this["blue"].launch_template) == 0
    error_message = "Only one of both ways can hold."
  }

  assert {
    condition = [
      for override in aws_autoscaling_group.this["blue"].mixed_instances_policy[0].launch_template[0].override :
      "${override.instance_type} ${override.launch_template_specification[0].launch_template_id} ${override.launch_template_specification[0].version}"
      ] == [
      "m7g.large lt-0000000000000000a 3",
      "m6g.large lt-0000000000000000a 3",
      "m7i.large lt-0000000000000000b 5",
    ]
    error_message = "Each type must come with the template, and so the image, of its architecture, in the order of preference."
  }

  assert {
    condition = (
      aws_autoscaling_group.this["blue"].mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 25
      && aws_autoscaling_group.this["blue"].mixed_instances_policy[0].instances_distribution[0].spot_allocation_strategy == "price-capacity-optimized"
      && aws_autoscaling_group.this["blue"].capacity_rebalance
    )
    error_message = "Three of four instances must be spot instances, replaced before they are taken away."
  }

  assert {
    condition     = toset(keys(data.aws_ssm_parameter.ami)) == toset(["blue-arm64", "blue-x86_64"])
    error_message = "Each architecture has an image of its own."
  }
}

run "two_fleets_are_kept_apart" {
  command = plan

  variables {
    fleets = { blue = { min_size = 2, max_size = 6 }, green = { min_size = 0, max_size = 6 } }
  }

  assert {
    condition = (
      aws_autoscaling_group.this["green"].target_group_arns == toset([var.target_group_arns.green])
      && aws_autoscaling_group.this["green"].min_size == 0
      && data.aws_ssm_parameter.ami["green-x86_64"].name == "/files-api/dev/ami/green/x86_64"
    )
    error_message = "The second fleet must have an image, a target group and sizes of its own."
  }
}

run "predictive_scaling_by_its_switch" {
  command = plan

  variables {
    enable_predictive_scaling = true
  }

  assert {
    condition     = aws_autoscaling_policy.forecast["blue"].predictive_scaling_configuration[0].mode == "ForecastAndScale"
    error_message = "A forecast that does not scale is none."
  }
}

run "a_warm_pool_by_its_switch" {
  command = plan

  variables {
    enable_warm_pool = true
  }

  assert {
    condition     = aws_autoscaling_group.this["blue"].warm_pool[0].pool_state == "Stopped" && aws_autoscaling_group.this["blue"].warm_pool[0].instance_reuse_policy[0].reuse_on_scale_in == false
    error_message = "What waits must cost no more than its disk, and what has served must not come back."
  }
}
