output "auto_scaling_group_names" {
  description = "Name of each fleet's Auto Scaling group."
  value       = { for fleet, group in aws_autoscaling_group.this : fleet => group.name }
}

output "auto_scaling_group_arns" {
  description = "ARN of each fleet's Auto Scaling group."
  value       = { for fleet, group in aws_autoscaling_group.this : fleet => group.arn }
}

output "launch_templates" {
  description = "Launch template of each fleet and architecture: id, and the version that its group should run."
  value = {
    for fleet in keys(var.fleets) : fleet => {
      for architecture in var.architectures : architecture => {
        id      = aws_launch_template.this["${fleet}-${architecture}"].id
        version = aws_launch_template.this["${fleet}-${architecture}"].latest_version
      }
    }
  }
}

output "launch_template_versions" {
  description = "The version of each fleet's launch template, by architecture."
  value = {
    for fleet in keys(var.fleets) : fleet => {
      for architecture in var.architectures : architecture => aws_launch_template.this["${fleet}-${architecture}"].latest_version
    }
  }
}

output "ami_ids" {
  description = "The AMI of each fleet, by architecture."
  value = {
    for fleet in keys(var.fleets) : fleet => {
      for architecture in var.architectures : architecture => data.aws_ssm_parameter.ami["${fleet}-${architecture}"].insecure_value
    }
  }
}

output "refresh_preferences" {
  description = "How instances are replaced, as StartInstanceRefresh takes it (RefreshPreferences)."
  value       = local.refresh_preferences
}

output "settings_path" {
  description = "The path of the SSM parameters that hold the service's settings."
  value       = local.settings_path
}
