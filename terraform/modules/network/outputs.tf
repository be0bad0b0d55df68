output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "availability_zones" {
  description = "Names of the zones, in the order of the subnets."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer, one a zone."
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets of the instances, one a zone."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "public_subnet_cidrs" {
  description = "Networks of the load balancer: the service believes X-Forwarded-For from there (FILES_API_TRUSTED_PROXIES)."
  value       = [for zone in local.zones : local.public_cidrs[zone]]
}

output "nat_addresses" {
  description = "Public addresses from which instances call out, for allow-lists of others."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "load_balancer_security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.load_balancer.id
}

output "instance_security_group_id" {
  description = "Security group of the instances."
  value       = aws_security_group.instance.id
}

output "valkey_security_group_id" {
  description = "Security group of Valkey."
  value       = aws_security_group.valkey.id
}

output "s3_endpoint_id" {
  description = "Id of the gateway endpoint for S3, for bucket policies (aws:SourceVpce)."
  value       = aws_vpc_endpoint.s3.id
}

output "dynamodb_endpoint_id" {
  description = "Id of the gateway endpoint for DynamoDB."
  value       = aws_vpc_endpoint.dynamodb.id
}

output "flow_log_group" {
  description = "Name of the log group of the flow logs."
  value       = aws_cloudwatch_log_group.flow_logs.name
}
