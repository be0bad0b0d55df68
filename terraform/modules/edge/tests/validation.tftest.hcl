# One wrong value for each validation.

mock_provider "aws" {}

variables {
  name                        = "files-api-prod"
  domain_name                 = "files.example.com"
  zone_id                     = "Z0123456789ABCDEFGHIJ"
  load_balancer_arn           = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/files-api-prod/50dc6c495c0c9188"
  load_balancer_dns_name      = "files-api-prod-1234567890.eu-central-1.elb.amazonaws.com"
  load_balancer_zone_id       = "Z215JYRZR1TBD5"
  logs_kms_key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  firewall_log_retention_days = 90
}

run "name_has_capitals" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "Files-API" }
}

run "domain_is_a_url" {
  command         = plan
  expect_failures = [var.domain_name]
  variables { domain_name = "https://files.example.com" }
}

run "domain_is_too_long_for_a_certificate" {
  command         = plan
  expect_failures = [var.domain_name]
  variables { domain_name = "a-very-long-name-of-a-very-special-department-of-files.example.com" }
}

run "domain_has_no_zone" {
  command         = plan
  expect_failures = [var.domain_name]
  variables { zone_id = null }
}

run "zone_is_a_path" {
  command         = plan
  expect_failures = [var.zone_id]
  variables { zone_id = "/hostedzone/Z0123456789ABCDEFGHIJ" }
}

run "rate_is_less_than_aws_counts" {
  command         = plan
  expect_failures = [var.requests_per_address_per_5_minutes]
  variables { requests_per_address_per_5_minutes = 9 }
}

run "no_generation_at_all" {
  command         = plan
  expect_failures = [var.generations_per_address_per_5_minutes]
  variables { generations_per_address_per_5_minutes = 0 }
}

run "generations_are_limited_less_than_everything" {
  command         = plan
  expect_failures = [var.generations_per_address_per_5_minutes]
  variables { generations_per_address_per_5_minutes = 200000 }
}

run "key_is_an_alias" {
  command         = plan
  expect_failures = [var.logs_kms_key_arn]
  variables { logs_kms_key_arn = "alias/files-api-prod" }
}

run "logs_are_kept_for_ever" {
  command         = plan
  expect_failures = [var.firewall_log_retention_days]
  variables { firewall_log_retention_days = 0 }
}
