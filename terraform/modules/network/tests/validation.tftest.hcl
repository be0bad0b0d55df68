# One wrong value for each validation.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b"] }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                       = "files-api-dev"
  environment                = "dev"
  vpc_cidr                   = "10.20.0.0/16"
  availability_zone_count    = 2
  nat_per_zone               = false
  enable_interface_endpoints = false
  kms_key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  flow_log_retention_days    = 14
}

run "name_ends_with_a_hyphen" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "files-api-" }
}

run "environment_has_a_slash" {
  command         = plan
  expect_failures = [var.environment]
  variables { environment = "dev/test" }
}

run "addresses_are_public" {
  command         = plan
  expect_failures = [var.vpc_cidr]
  variables { vpc_cidr = "8.8.0.0/16" }
}

run "addresses_are_no_network" {
  command         = plan
  expect_failures = [var.vpc_cidr]
  variables { vpc_cidr = "10.20.0.0" }
}

run "network_is_too_small" {
  command         = plan
  expect_failures = [var.vpc_cidr]
  variables { vpc_cidr = "10.20.0.0/20" }
}

run "one_zone" {
  command         = plan
  expect_failures = [var.availability_zone_count]
  variables { availability_zone_count = 1 }
}

run "region_has_fewer_zones" {
  command         = plan
  expect_failures = [aws_vpc.this]
  variables { availability_zone_count = 3 }
}

run "key_is_an_alias" {
  command         = plan
  expect_failures = [var.kms_key_arn]
  variables { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/files-api-dev" }
}

run "flow_logs_are_kept_for_ever" {
  command         = plan
  expect_failures = [var.flow_log_retention_days]
  variables { flow_log_retention_days = 0 }
}

run "port_of_root" {
  command         = plan
  expect_failures = [var.service_port]
  variables { service_port = 443 }
}

run "production_in_clear" {
  command         = plan
  expect_failures = [var.plain_http]
  variables {
    environment = "prod"
    plain_http  = true
  }
}

run "boundary_is_a_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]
  variables { permissions_boundary_arn = "files-api-dev-boundary" }
}
