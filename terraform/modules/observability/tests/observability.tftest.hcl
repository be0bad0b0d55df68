# What must hold of the plan, without AWS. The mocked data sources give what the module computes with.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                     = "files-api-dev"
  environment              = "dev"
  load_balancer_arn_suffix = "app/files-api-dev/50dc6c495c0c9188"
  target_group_arn_suffix  = "targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
  auto_scaling_group_name  = "files-api-dev-blue"
  files_bucket             = "files-api-dev-files"
  alert_emails             = { page = ["night@example.com"], ticket = ["day@example.com", "team@example.com"] }
}

run "log_groups_have_the_names_that_the_service_the_agent_and_the_queries_know" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.service.name == "/files-api/dev/service"
    error_message = "the service's log group"
  }
  assert {
    condition     = aws_cloudwatch_log_group.audit.name == "/files-api/dev/audit"
    error_message = "the audit log group"
  }
  assert {
    condition     = aws_cloudwatch_log_group.deployments.name == "/aws/events/files-api/dev/deployments"
    error_message = "EventBridge writes to names that begin with /aws/events alone"
  }
  assert {
    condition = alltrue([
      for query in local.queries : alltrue([
        for group in query.log_group_names : contains(["/files-api/dev/service", "/files-api/dev/audit", "/aws/events/files-api/dev/deployments"], group)
      ])
    ])
    error_message = "a saved query asks a log group that is not made here"
  }
}

run "every_log_group_forgets_in_time_and_the_audit_log_not_before_a_year" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.service.retention_in_days == 30
    error_message = "the service's log is kept for a month"
  }
  assert {
    condition     = min(aws_cloudwatch_log_group.audit.retention_in_days, aws_cloudwatch_log_group.deployments.retention_in_days) >= 365
    error_message = "what was done by whom is kept for a year"
  }
}

run "everything_is_encrypted_with_the_stack_s_own_key" {
  command = plan

  # The key's ARN is known after apply alone; here it stands for itself.
  override_resource {
    target          = aws_kms_key.this
    values          = { arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
    override_during = plan
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key is rotated"
  }
  assert {
    condition = alltrue([
      for key in [
        aws_cloudwatch_log_group.service.kms_key_id,
        aws_cloudwatch_log_group.audit.kms_key_id,
        aws_cloudwatch_log_group.deployments.kms_key_id,
        aws_sns_topic.these["page"].kms_master_key_id,
        aws_sns_topic.these["ticket"].kms_master_key_id,
      ] : key == aws_kms_key.this.arn
    ])
    error_message = "a log group or a topic has another key, or none"
  }
}

run "every_alarm_of_the_catalogue_is_made_and_tells_those_whom_it_concerns" {
  command = plan

  override_resource {
    target          = aws_sns_topic.these["page"]
    values          = { arn = "arn:aws:sns:eu-central-1:123456789012:files-api-dev-page" }
    override_during = plan
  }
  override_resource {
    target          = aws_sns_topic.these["ticket"]
    values          = { arn = "arn:aws:sns:eu-central-1:123456789012:files-api-dev-ticket" }
    override_during = plan
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.these) == length(local.alarms.metric_alarms)
    error_message = "a metric alarm is missing"
  }
  assert {
    condition     = length(aws_cloudwatch_composite_alarm.these) + length(aws_cloudwatch_composite_alarm.suppressed) == length(local.alarms.composite_alarms)
    error_message = "a composite alarm is missing"
  }
  assert {
    condition = alltrue([
      for key, alarm in aws_cloudwatch_metric_alarm.these :
      local.metric_alarms[key].severity == "part" ? length(coalesce(alarm.alarm_actions, [])) == 0 : tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:123456789012:files-api-dev-${local.metric_alarms[key].severity}"])
    ])
    error_message = "a metric alarm tells nobody, or the wrong ones; a part of a composite alarm tells by itself"
  }
  assert {
    condition = alltrue([
      for key, alarm in merge(aws_cloudwatch_composite_alarm.these, aws_cloudwatch_composite_alarm.suppressed) :
      tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:123456789012:files-api-dev-${local.composite_alarms[key].severity}"])
    ])
    error_message = "a composite alarm tells nobody, or the wrong ones"
  }
  assert {
    condition = alltrue([
      for key, alarm in local.metric_alarms : alarm.severity != "part" || anytrue([
        for composite in local.composite_alarms : strcontains(composite.alarm_rule, "\"${alarm.alarm_name}\"")
      ])
    ])
    error_message = "a part belongs to no composite alarm, so that nobody hears of it"
  }
  assert {
    condition     = aws_cloudwatch_composite_alarm.suppressed["availability-burning"].actions_suppressor[0].alarm == aws_cloudwatch_composite_alarm.these["availability-burning-fast"].alarm_name
    error_message = "the slower page is quiet while the faster one is on"
  }
}

run "no_word_of_the_catalogue_is_left_to_be_replaced" {
  command = plan

  assert {
    condition = !can(regex("LOAD_BALANCER|TARGET_GROUP|AUTO_SCALING_GROUP|ENVIRONMENT", jsonencode([
      for alarm in aws_cloudwatch_metric_alarm.these : [alarm.alarm_name, alarm.metric_query]
    ])))
    error_message = "a placeholder is left in an alarm"
  }
  assert {
    condition = contains([
      for query in aws_cloudwatch_metric_alarm.these["no-healthy-hosts"].metric_query : query.metric[0].dimensions.TargetGroup if length(query.metric) > 0
    ], "targetgroup/files-api-dev-blue/73e2d6bc24d8a067")
    error_message = "the alarm on healthy hosts looks at another target group"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets != [] && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "$${")
    error_message = "the dashboard is no JSON, or has a placeholder left"
  }
  assert {
    condition     = alltrue([for name, query in aws_cloudwatch_query_definition.these : startswith(name, "files-api/dev/") && !strcontains(query.query_string, "$${")])
    error_message = "a saved query has another name, or a placeholder left"
  }
}

run "a_refresh_is_stopped_by_alarms_that_exist_and_not_by_what_a_mending_deployment_would_find" {
  command = plan

  assert {
    condition     = tolist(output.rollback_alarm_names) == tolist(["files-api-dev-availability-burning-fast-5m", "files-api-dev-answers-begin-late"])
    error_message = "clients that see failures, or wait, stop a refresh"
  }
}

run "deployments_of_all_fleets_of_this_environment_are_recorded_and_of_no_other" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.deployments.event_pattern) == {
      source = ["aws.autoscaling"]
      detail = { AutoScalingGroupName = [{ prefix = "files-api-dev-" }] }
    }
    error_message = "the rule listens to something else"
  }
}

run "each_address_is_subscribed_to_its_severity" {
  command = plan

  assert {
    condition     = toset(keys(aws_sns_topic_subscription.emails)) == toset(["page/night@example.com", "ticket/day@example.com", "ticket/team@example.com"])
    error_message = "other addresses than those that were asked for"
  }
}

run "senders_need_no_more_than_this_account" {
  command = plan

  assert {
    condition     = tolist(local.senders) == tolist(["cloudwatch.amazonaws.com"])
    error_message = "without a budget, alarms alone may publish"
  }
}

run "without_switches_there_is_no_canary_and_no_budget" {
  command = plan

  assert {
    condition     = length(aws_synthetics_canary.this) + length(aws_budgets_budget.this) + length(aws_s3_bucket.canary) + length(aws_iam_role.canary) == 0
    error_message = "what was not asked for costs money"
  }
}

run "with_its_switch_there_is_a_canary_with_an_alarm_and_nothing_public" {
  command = plan

  variables {
    enable_synthetics                    = true
    url                                  = "https://files.example.com"
    synthetics_key_parameter             = "/files-api/dev/secrets/canary-key"
    synthetics_key_parameter_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/66666666-2222-3333-4444-555555555555"
    synthetics_interval_minutes          = 1
  }

  override_resource {
    target          = aws_synthetics_canary.this
    values          = { engine_arn = "arn:aws:lambda:eu-central-1:123456789012:function:cwsyn-files-api-dev-canary-0a1b:3" }
    override_during = plan
  }

  assert {
    condition     = aws_synthetics_canary.this[0].schedule[0].expression == "rate(1 minute)"
    error_message = "Synthetics takes the singular for one"
  }
  assert {
    condition     = aws_synthetics_canary.this[0].run_config[0].environment_variables == tomap({ SERVICE_URL = "https://files.example.com", KEY_PARAMETER = "/files-api/dev/secrets/canary-key" })
    error_message = "the canary is told where the service is, and where its key is, never the key"
  }
  assert {
    condition     = aws_cloudwatch_log_group.canary[0].name == "/aws/lambda/cwsyn-files-api-dev-canary-0a1b" && aws_cloudwatch_log_group.canary[0].retention_in_days == 30
    error_message = "the log group of the canary's function, with a retention"
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.canary[0].block_public_acls,
      aws_s3_bucket_public_access_block.canary[0].block_public_policy,
      aws_s3_bucket_public_access_block.canary[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.canary[0].restrict_public_buckets,
    ])
    error_message = "the artifacts' bucket is closed"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.canary) == 1 && aws_cloudwatch_metric_alarm.canary[0].period == 60
    error_message = "a canary that nobody listens to"
  }
}

run "with_its_switch_there_is_a_budget_that_tells_before_it_is_spent" {
  command = plan

  variables {
    enable_budget      = true
    monthly_budget_usd = 150
  }

  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "150" && toset([for told in aws_budgets_budget.this[0].notification : told.notification_type]) == toset(["ACTUAL", "FORECASTED"])
    error_message = "what is spent, and where it is heading"
  }
  assert {
    condition     = contains(local.senders, "budgets.amazonaws.com")
    error_message = "the budget may not publish"
  }
}

run "a_console_of_another_partition_is_found" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }
  override_data {
    target = data.aws_region.current
    values = { name = "us-gov-west-1" }
  }

  assert {
    condition     = output.dashboard_url == "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#dashboards/dashboard/files-api-dev"
    error_message = "the link leads elsewhere"
  }
}
