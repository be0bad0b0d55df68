# One wrong value for each validation.

mock_provider "aws" {}

variables {
  name                = "files-api-dev"
  environment         = "dev"
  vpc_id              = "vpc-0123456789abcdef0"
  public_subnet_ids   = ["subnet-0a", "subnet-0b"]
  security_group_id   = "sg-0123456789abcdef0"
  logs_bucket         = "files-api-dev-logs-123456789012"
  certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  deletion_protection = false
}

run "name_has_no_room_for_the_fleet" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "files-api-development-four1" }
}

run "environment_has_a_space" {
  command         = plan
  expect_failures = [var.environment]
  variables { environment = "d ev" }
}

run "one_subnet" {
  command         = plan
  expect_failures = [var.public_subnet_ids]
  variables { public_subnet_ids = ["subnet-0a"] }
}

run "certificate_is_a_name" {
  command         = plan
  expect_failures = [var.certificate_arn]
  variables { certificate_arn = "files.example.com" }
}

run "neither_certificate_nor_plain_http" {
  command         = plan
  expect_failures = [var.certificate_arn]
  variables { certificate_arn = null }
}

run "certificate_and_plain_http" {
  command         = plan
  expect_failures = [var.certificate_arn]
  variables { plain_http = true }
}

run "production_in_clear" {
  command         = plan
  expect_failures = [var.plain_http]
  variables {
    environment     = "prod"
    certificate_arn = null
    plain_http      = true
  }
}

run "weight_of_a_fleet_that_is_not_there" {
  command         = plan
  expect_failures = [var.traffic_weights]
  variables { traffic_weights = { blue = 50, red = 50 } }
}

run "weight_is_too_much" {
  command         = plan
  expect_failures = [var.traffic_weights]
  variables { traffic_weights = { blue = 1000 } }
}

run "nobody_gets_requests" {
  command         = plan
  expect_failures = [var.traffic_weights]
  variables { traffic_weights = { blue = 0, green = 0 } }
}

run "port_of_root" {
  command         = plan
  expect_failures = [var.service_port]
  variables { service_port = 80 }
}

run "idle_timeout_cuts_generations_off" {
  command         = plan
  expect_failures = [var.idle_timeout_seconds]
  variables { idle_timeout_seconds = 60 }
}

run "requests_are_cut_off_at_once" {
  command         = plan
  expect_failures = [var.deregistration_delay_seconds]
  variables { deregistration_delay_seconds = 0 }
}
