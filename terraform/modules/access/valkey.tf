# Where the instances count requests together (FILES_API_LIMITS_STORAGE). Counters of a minute: losing them costs nothing,
# and while it is away requests pass (docs/access.md). So there are no backups, and a failover may forget.

locals {
  valkeys = var.enable_valkey ? 1 : 0
}

resource "aws_elasticache_subnet_group" "this" {
  count = local.valkeys

  name        = var.name
  description = "The private subnets of ${var.name}"
  subnet_ids  = var.private_subnet_ids
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV_AWS_31:Without a password, which would stand in a setting and in the state: what is there are counters, behind a security group that lets the instances in and nobody else
  #checkov:skip=CKV2_AWS_50:Failover is on where there is more than one node; the check does not look into expressions
  count = local.valkeys

  replication_group_id = var.name
  description          = "Counts requests for ${var.name}"
  engine               = "valkey"
  engine_version       = "8.0"
  node_type            = "cache.t4g.micro" # a counter is some hundred bytes and lives for a minute
  port                 = 6379

  num_cache_clusters         = var.valkey_node_count
  automatic_failover_enabled = var.valkey_node_count > 1
  multi_az_enabled           = var.valkey_node_count > 1

  subnet_group_name  = aws_elasticache_subnet_group.this[0].name
  security_group_ids = [var.valkey_security_group_id]

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = var.data_kms_key_arn

  snapshot_retention_limit   = 0
  auto_minor_version_upgrade = true
  apply_immediately          = true
  maintenance_window         = "sun:03:00-sun:04:00" # UTC
}
