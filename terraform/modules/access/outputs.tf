output "instance_profile_name" {
  description = "Name of the instance profile for launch templates."
  value       = aws_iam_instance_profile.this.name

  # An instance that starts before its rights are there fails its first calls.
  depends_on = [aws_iam_role_policy.instance]
}

output "instance_role_name" {
  description = "Name of the instances' role."
  value       = aws_iam_role.instance.name
}

output "instance_role_arn" {
  description = "ARN of the instances' role."
  value       = aws_iam_role.instance.arn
}

output "instance_policies" {
  description = "The policies of the instances' role as JSON, by name: what tests/infra/test_role.py tries."
  value       = local.policies
}

output "openai_key_parameter" {
  description = "Name of the SecureString parameter with the key for OpenAI (FILES_API_OPENAI_KEY_PARAMETER)."
  value       = aws_ssm_parameter.openai_key.name
}

output "oidc_issuer" {
  description = "The issuer of tokens (FILES_API_OIDC_ISSUER); null without enable_cognito."
  value       = one([for pool in aws_cognito_user_pool.this : "https://${pool.endpoint}"])
}

output "oidc_audience" {
  description = "The audiences of tokens, comma-separated (FILES_API_OIDC_AUDIENCE); null without enable_cognito."
  value       = var.enable_cognito ? join(",", [for client in aws_cognito_user_pool_client.these : client.id]) : null
}

output "oidc_token_url" {
  description = "Where machines get their tokens; null without enable_cognito."
  value       = one([for domain in aws_cognito_user_pool_domain.this : "https://${domain.domain}.auth.${local.region}.amazoncognito.com/oauth2/token"])
}

output "limits_storage_url" {
  description = "Where requests are counted (FILES_API_LIMITS_STORAGE); null without enable_valkey."
  value       = one([for group in aws_elasticache_replication_group.this : "valkeys://${group.primary_endpoint_address}:${group.port}/0"])
}
