# One wrong value for each validation of prod. The mocked data sources give what the modules compute with.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
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
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0123456789abcdef0" }
  }
}

mock_provider "aws" {
  alias = "replica"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  region                         = "eu-central-1"
  github_repository              = "example/files-api"
  domain_name                    = "files.example.com"
  zone_id                        = "Z0123456789ABCDEFGHIJ"
  fleets                         = { blue = { min_size = 1, max_size = 3 }, green = { min_size = 0, max_size = 3 } }
  instance_types                 = { arm64 = ["m7g.large"] }
  requests_per_target_per_minute = 3000
}

run "region_is_a_zone" {
  command         = plan
  expect_failures = [var.region]
  variables { region = "eu-central-1a" }
}

run "repository_is_a_url" {
  command         = plan
  expect_failures = [var.github_repository]
  variables { github_repository = "https://github.com/example/files-api" }
}

run "a_fleet_is_missing" {
  command         = plan
  expect_failures = [var.fleets]
  variables {
    fleets = { blue = { min_size = 1, max_size = 3 } }
  }
}

run "an_empty_fleet_gets_requests" {
  command         = plan
  expect_failures = [var.traffic_weights]
  variables { traffic_weights = { blue = 95, green = 5 } }
}

run "copies_are_kept_nowhere" {
  command         = plan
  expect_failures = [var.replica_region]
  variables { replica_region = "Ireland" }
}

run "copies_are_kept_in_the_same_region" {
  command         = plan
  expect_failures = [var.replica_region]
  variables {
    enable_replication = true
    replica_region     = "eu-central-1"
  }
}
