output "arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The load balancer as CloudWatch names it: app/NAME/ID."
  value       = aws_lb.this.arn_suffix
}

# AWS makes a policy that scales by requests only where a listener forwards to the target group already. Nothing but those
# policies may come of this output: where a data source does, even by way of a validation, each change of the weights puts
# reading it off to the apply, and with the images' ids plans new launch templates for nothing.
output "served_arn_suffix" {
  description = "The same, once a listener forwards to both fleets: for policies that scale by requests."
  value       = aws_lb.this.arn_suffix

  depends_on = [aws_lb_listener.https, aws_lb_listener.plain_http]
}

output "dns_name" {
  description = "Amazon's own name of the load balancer, which an alias record points to."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Amazon's zone of that name, for alias records."
  value       = aws_lb.this.zone_id
}

output "listener_arn" {
  description = "ARN of the listener."
  value       = local.listener.arn
}

output "target_group_arns" {
  description = "ARN of the target group of each fleet."
  value       = { for fleet, group in aws_lb_target_group.this : fleet => group.arn }
}

output "target_group_arn_suffixes" {
  description = "The target group of each fleet as CloudWatch names it: targetgroup/NAME/ID."
  value       = { for fleet, group in aws_lb_target_group.this : fleet => group.arn_suffix }
}

output "idle_timeout_seconds" {
  description = "Seconds after which an idle connection is closed; the service keeps it longer."
  value       = aws_lb.this.idle_timeout
}

output "deregistration_delay_seconds" {
  description = "Seconds that requests of an instance that leaves have to end."
  value       = var.deregistration_delay_seconds
}
