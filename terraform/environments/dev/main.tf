# Development: the whole system, small, over two zones with one way out, and destroyed by one command.
#
# One block for each module. They name each other's outputs in both directions (the load balancer needs edge's certificate,
# and edge the load balancer): Terraform orders resources, not modules.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  environment = "dev"
  name        = "files-api-${local.environment}"

  service_port = 8000

  # Made by terraform/bootstrap; the pipeline may make no role without it.
  permissions_boundary_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:policy/${local.name}-boundary"

  # As the module compute calls them. Written out, so that what watches and bounds the groups need not wait for them.
  auto_scaling_group_names = { for fleet in keys(var.fleets) : fleet => "${local.name}-${fleet}" }

  # What dashboard and alarms look at: the fleet that gets most of the requests, which during a canary is the old one.
  watched_fleet = lookup(var.traffic_weights, "green", 0) > lookup(var.traffic_weights, "blue", 0) ? "green" : "blue"
}

module "network" {
  source = "../../modules/network"

  name                       = local.name
  environment                = local.environment
  vpc_cidr                   = var.vpc_cidr
  availability_zone_count    = 2
  nat_per_zone               = false
  enable_interface_endpoints = var.enable_interface_endpoints
  service_port               = local.service_port
  plain_http                 = var.plain_http
  kms_key_arn                = module.observability.kms_key_arn
  flow_log_retention_days    = 14
  permissions_boundary_arn   = local.permissions_boundary_arn
}

module "storage" {
  source = "../../modules/storage"

  name                       = local.name
  deletion_protection        = false
  noncurrent_version_days    = 7
  log_retention_days         = 30
  cors_origins               = var.cors_origins
  enable_intelligent_tiering = var.enable_intelligent_tiering
  enable_replication         = var.enable_replication
  replica                    = one(module.replica[*].replica)
  enable_backup              = var.enable_backup
  backup_retention_days      = 7
  permissions_boundary_arn   = local.permissions_boundary_arn
}

module "replica" {
  source = "../../modules/storage/replica"
  count  = var.enable_replication ? 1 : 0

  providers = {
    aws = aws.replica
  }

  name                    = local.name
  deletion_protection     = false
  noncurrent_version_days = 7
}

module "edge" {
  source = "../../modules/edge"

  name                        = local.name
  domain_name                 = var.domain_name
  zone_id                     = var.zone_id
  load_balancer_arn           = module.load_balancer.arn
  load_balancer_dns_name      = module.load_balancer.dns_name
  load_balancer_zone_id       = module.load_balancer.zone_id
  enable_deep_health          = var.enable_synthetics # the canary asks it
  logs_kms_key_arn            = module.observability.kms_key_arn
  firewall_log_retention_days = 14
}

module "load_balancer" {
  source = "../../modules/load_balancer"

  name                = local.name
  environment         = local.environment
  vpc_id              = module.network.vpc_id
  public_subnet_ids   = module.network.public_subnet_ids
  security_group_id   = module.network.load_balancer_security_group_id
  logs_bucket         = module.storage.logs_bucket
  certificate_arn     = module.edge.certificate_arn
  plain_http          = var.plain_http
  service_port        = local.service_port
  traffic_weights     = var.traffic_weights
  enable_fleet_header = var.enable_fleet_header
  deletion_protection = false
}

module "access" {
  source = "../../modules/access"

  name                     = local.name
  environment              = local.environment
  deletion_protection      = false
  files_bucket_arn         = module.storage.files_bucket_arn
  keys_table_arn           = module.storage.keys_table_arn
  state_table_arn          = module.storage.state_table_arn
  data_kms_key_arn         = module.storage.kms_key_arn
  logs_kms_key_arn         = module.observability.kms_key_arn
  service_log_group_arn    = module.observability.service_log_group_arn
  audit_log_group_arn      = module.observability.audit_log_group_arn
  target_group_arns        = module.load_balancer.target_group_arns
  auto_scaling_group_names = values(local.auto_scaling_group_names)
  enable_cognito           = var.enable_cognito
  enable_valkey            = var.enable_valkey
  valkey_node_count        = 1
  private_subnet_ids       = module.network.private_subnet_ids
  valkey_security_group_id = module.network.valkey_security_group_id
  permissions_boundary_arn = local.permissions_boundary_arn
}

module "settings" {
  source = "../../modules/settings"

  environment                        = local.environment
  region                             = var.region
  files_bucket                       = module.storage.files_bucket
  keys_table                         = module.storage.keys_table
  state_table                        = module.storage.state_table
  audit_log_group                    = module.observability.audit_log_group
  openai_key_parameter               = module.access.openai_key_parameter
  oidc_issuer                        = module.access.oidc_issuer
  oidc_audience                      = module.access.oidc_audience
  limits_storage_url                 = module.access.limits_storage_url
  trusted_proxy_cidrs                = module.network.public_subnet_cidrs
  cors_origins                       = var.cors_origins
  load_balancer_idle_timeout_seconds = module.load_balancer.idle_timeout_seconds
  deregistration_delay_seconds       = module.load_balancer.deregistration_delay_seconds
  service_port                       = local.service_port
  worker_processes                   = var.worker_processes
  extra                              = var.extra_settings
}

module "compute" {
  source = "../../modules/compute"

  name                             = local.name
  environment                      = local.environment
  private_subnet_ids               = module.network.private_subnet_ids
  instance_security_group_id       = module.network.instance_security_group_id
  instance_profile_name            = module.access.instance_profile_name
  load_balancer_arn_suffix         = module.load_balancer.served_arn_suffix
  target_group_arns                = module.load_balancer.target_group_arns
  target_group_arn_suffixes        = module.load_balancer.target_group_arn_suffixes
  settings                         = module.settings.settings
  fleets                           = var.fleets
  architectures                    = var.architectures
  instance_types                   = var.instance_types
  enable_mixed_instances           = var.enable_mixed_instances
  spot_percentage                  = var.spot_percentage
  requests_per_target_per_minute   = var.requests_per_target_per_minute
  enable_predictive_scaling        = var.enable_predictive_scaling
  enable_warm_pool                 = var.enable_warm_pool
  rollback_alarm_names             = var.enable_rollback_alarms ? module.observability.rollback_alarm_names : []
  refresh_checkpoint_percentages   = [100]
  refresh_checkpoint_delay_seconds = 300
}

module "observability" {
  source = "../../modules/observability"

  name                                 = local.name
  environment                          = local.environment
  load_balancer_arn_suffix             = module.load_balancer.arn_suffix
  target_group_arn_suffix              = module.load_balancer.target_group_arn_suffixes[local.watched_fleet]
  auto_scaling_group_name              = local.auto_scaling_group_names[local.watched_fleet]
  files_bucket                         = module.storage.files_bucket
  log_retention_days                   = 14
  audit_retention_days                 = 365
  alert_emails                         = var.alert_emails
  enable_synthetics                    = var.enable_synthetics
  url                                  = var.domain_name == null ? null : "https://${var.domain_name}"
  synthetics_key_parameter             = var.synthetics_key_parameter
  synthetics_key_parameter_kms_key_arn = module.storage.kms_key_arn
  enable_budget                        = var.enable_budget
  monthly_budget_usd                   = var.monthly_budget_usd
  permissions_boundary_arn             = local.permissions_boundary_arn
}
