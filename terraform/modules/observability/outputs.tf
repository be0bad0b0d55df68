output "kms_key_arn" {
  description = "ARN of the key that encrypts log groups whose names begin with one of this stack's prefixes, and the topics."
  value       = aws_kms_key.this.arn
}

output "service_log_group" {
  description = "Name of the log group of the service."
  value       = aws_cloudwatch_log_group.service.name
}

output "service_log_group_arn" {
  description = "ARN of the log group of the service."
  value       = aws_cloudwatch_log_group.service.arn
}

output "audit_log_group" {
  description = "Name of the log group of the audit lines (FILES_API_AUDIT_LOG_GROUP)."
  value       = aws_cloudwatch_log_group.audit.name
}

output "audit_log_group_arn" {
  description = "ARN of the log group of the audit lines."
  value       = aws_cloudwatch_log_group.audit.arn
}

output "deployments_log_group" {
  description = "Name of the log group that tells when instances were launched, terminated and refreshed."
  value       = aws_cloudwatch_log_group.deployments.name
}

output "alarm_topic_arns" {
  description = "ARN of the topic of each severity, page and ticket: where a pager subscribes."
  value       = { for severity, topic in aws_sns_topic.these : severity => topic.arn }
}

output "alarm_topic_arn" {
  description = "ARN of the topic of pages."
  value       = aws_sns_topic.these["page"].arn
}

output "rollback_alarm_names" {
  description = "Names of the alarms that stop an instance refresh and take it back."
  value       = [for key in local.rollback_alarms : aws_cloudwatch_metric_alarm.these[key].alarm_name]
}

output "dashboard_url" {
  description = "Where the dashboard is."
  value       = "https://${local.region}.${local.console}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

output "canary_name" {
  description = "Name of the canary; null without one."
  value       = one(aws_synthetics_canary.this[*].name)
}
