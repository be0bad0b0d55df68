output "certificate_arn" {
  description = "ARN of the certificate, once it was issued; null without a domain."
  value       = one([for validation in aws_acm_certificate_validation.this : validation.certificate_arn])
}

output "url" {
  description = "Where clients reach the service, without a slash at the end."
  value       = var.domain_name == null ? "http://${var.load_balancer_dns_name}" : "https://${var.domain_name}"
}

output "web_acl_arn" {
  description = "ARN of the firewall's rules."
  value       = aws_wafv2_web_acl.this.arn
}

output "firewall_log_group" {
  description = "Name of the log group of what the firewall has blocked or counted."
  value       = aws_cloudwatch_log_group.firewall.name
}
