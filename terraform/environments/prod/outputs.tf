# What a person needs next, and what the operators' tools and the tests read.

output "url" {
  description = "Where clients reach the service."
  value       = module.edge.url
}

output "dashboard_url" {
  description = "The dashboard in CloudWatch."
  value       = module.observability.dashboard_url
}

output "session_command" {
  description = "A shell on an instance that serves; `make session` does the same."
  value = join(" ", [
    "aws ssm start-session --region ${var.region} --target",
    "\"$(aws ec2 describe-instances --region ${var.region}",
    "--filters Name=tag:AutoScalingGroup,Values=${local.auto_scaling_group_names[local.watched_fleet]} Name=instance-state-name,Values=running",
    "--query 'Reservations[0].Instances[0].InstanceId' --output text)\"",
  ])
}

output "logs_command" {
  description = "The service's log as it is written; `make logs` does the same."
  value       = "aws logs tail --region ${var.region} --follow ${module.observability.service_log_group}"
}

output "openai_key_parameter" {
  description = "The SecureString parameter that an operator puts the key for OpenAI into."
  value       = module.access.openai_key_parameter
}

output "oidc_token_url" {
  description = "Where machines get their tokens; null without enable_cognito."
  value       = module.access.oidc_token_url
}

output "nat_addresses" {
  description = "Public addresses from which instances call out, for allow-lists of others."
  value       = module.network.nat_addresses
}

output "alarm_topic_arns" {
  description = "The topics of pages and of tickets: where a pager subscribes."
  value       = module.observability.alarm_topic_arns
}

output "files_bucket" {
  description = "The bucket that holds the files."
  value       = module.storage.files_bucket
}

output "auto_scaling_group_names" {
  description = "The Auto Scaling group of each fleet."
  value       = module.compute.auto_scaling_group_names
}

output "target_group_arns" {
  description = "The target group of each fleet."
  value       = module.load_balancer.target_group_arns
}

output "traffic_weights" {
  description = "Which share of the requests each fleet gets."
  value       = var.traffic_weights
}

output "launch_templates" {
  description = "Launch template of each fleet and architecture: id, and the version that its group should run."
  value       = module.compute.launch_templates
}

output "ami_ids" {
  description = "The image of each fleet, by architecture."
  value       = module.compute.ami_ids
}

output "refresh_preferences" {
  description = "How instances are replaced, as StartInstanceRefresh takes it: what `make deploy` starts."
  value       = module.compute.refresh_preferences
}
