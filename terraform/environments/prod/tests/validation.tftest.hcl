# One wrong value for each validation of prod, several in a run: a plan of the whole takes its time. The mocked data sources give what the modules compute with.

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

# A zone in place of a region, a URL in place of a name, a fleet that is missing.
run "values_that_are_wrong_by_themselves" {
  command         = plan
  expect_failures = [var.region, var.github_repository, var.fleets]
  variables {
    region            = "eu-central-1a"
    github_repository = "https://github.com/example/files-api"
    fleets            = { blue = { min_size = 1, max_size = 3 } }
  }
}

# An empty fleet gets requests; copies are kept where the files are.
run "values_that_are_wrong_together" {
  command         = plan
  expect_failures = [var.traffic_weights, var.replica_region]
  variables {
    traffic_weights    = { blue = 95, green = 5 }
    enable_replication = true
    replica_region     = "eu-central-1"
  }
}

run "copies_are_kept_in_a_country" {
  command         = plan
  expect_failures = [var.replica_region]
  variables { replica_region = "Ireland" }
}
