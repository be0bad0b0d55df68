# The alarms of observability/cloudwatch/alarms.json, whose fields have the names of the arguments here.

locals {
  # The environment's name is known when Terraform plans, so that keys and names of the alarms are. What AWS names when it
  # makes it must stay out of this document, or nothing that is made of it could be counted in a first plan; it is put in
  # where it belongs: among the dimensions.
  alarms = jsondecode(replace(file("${local.content}/alarms.json"), "ENVIRONMENT", var.environment))
  dimensions = {
    LOAD_BALANCER      = var.load_balancer_arn_suffix
    TARGET_GROUP       = var.target_group_arn_suffix
    AUTO_SCALING_GROUP = var.auto_scaling_group_name
  }

  told = {
    page   = [aws_sns_topic.these["page"].arn]
    ticket = [aws_sns_topic.these["ticket"].arn]
    # A part of a composite alarm, which does the telling.
    part = []
  }

  metric_alarms    = { for alarm in local.alarms.metric_alarms : alarm.key => alarm }
  composite_alarms = { for alarm in local.alarms.composite_alarms : alarm.key => alarm }
  suppressed       = [for key, alarm in local.composite_alarms : key if alarm.actions_suppressor != null]

  # What stops an instance refresh and takes it back: clients see failures, or wait. The five minutes' part of the fast
  # burn rate, since the whole of it looks at an hour and would come too late for a deployment. Not among them:
  # - no-healthy-hosts, which is on whenever the service is dead, and must not stop the deployment that brings it back; a
  #   refresh looks at the health of each new instance by itself;
  # - unhandled-exceptions, one of which is enough: an old bug would take back its own mending.
  rollback_alarms = ["availability-burning-fast-5m", "answers-begin-late"]
}

resource "aws_cloudwatch_log_metric_filter" "these" {
  for_each = { for counted in local.alarms.log_metric_filters : counted.key => counted }

  name           = each.value.name
  log_group_name = each.value.log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    name          = each.value.metric_transformation.name
    namespace     = each.value.metric_transformation.namespace
    value         = each.value.metric_transformation.value
    default_value = each.value.metric_transformation.default_value
  }

  # The document names the group; it must be there first.
  depends_on = [aws_cloudwatch_log_group.service]
}

resource "aws_cloudwatch_metric_alarm" "these" {
  #checkov:skip=CKV_AWS_319:The parts of the burn rates have no actions: the composite alarms over them tell
  for_each = local.metric_alarms

  alarm_name          = each.value.alarm_name
  alarm_description   = each.value.alarm_description
  comparison_operator = each.value.comparison_operator
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  treat_missing_data  = each.value.treat_missing_data
  alarm_actions       = local.told[each.value.severity]
  ok_actions          = local.told[each.value.severity]

  dynamic "metric_query" {
    for_each = each.value.metric_query

    content {
      id          = metric_query.value.id
      label       = metric_query.value.label
      expression  = metric_query.value.expression
      return_data = metric_query.value.return_data

      dynamic "metric" {
        for_each = metric_query.value.metric == null ? [] : [metric_query.value.metric]

        content {
          namespace   = metric.value.namespace
          metric_name = metric.value.metric_name
          period      = metric.value.period
          stat        = metric.value.stat
          dimensions  = { for name, value in metric.value.dimensions : name => lookup(local.dimensions, value, value) }
        }
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "these" {
  for_each = { for key, alarm in local.composite_alarms : key => alarm if !contains(local.suppressed, key) }

  alarm_name        = each.value.alarm_name
  alarm_description = each.value.alarm_description
  alarm_rule        = each.value.alarm_rule
  alarm_actions     = local.told[each.value.severity]
  ok_actions        = local.told[each.value.severity]

  # The rule names them; they must be there first.
  depends_on = [aws_cloudwatch_metric_alarm.these]
}

# Those that are quiet while another one is on, which must be there before them.
resource "aws_cloudwatch_composite_alarm" "suppressed" {
  for_each = { for key, alarm in local.composite_alarms : key => alarm if contains(local.suppressed, key) }

  alarm_name        = each.value.alarm_name
  alarm_description = each.value.alarm_description
  alarm_rule        = each.value.alarm_rule
  alarm_actions     = local.told[each.value.severity]
  ok_actions        = local.told[each.value.severity]

  actions_suppressor {
    alarm            = each.value.actions_suppressor.alarm
    extension_period = each.value.actions_suppressor.extension_period
    wait_period      = each.value.actions_suppressor.wait_period
  }

  depends_on = [aws_cloudwatch_composite_alarm.these]
}
