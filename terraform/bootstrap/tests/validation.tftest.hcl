# One wrong value for each validation.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mocked" }
  }
}

variables {
  region               = "eu-central-1"
  github_repository    = "example/files-api"
  github_owner_id      = 123456
  github_repository_id = 456789
}

run "region_is_a_zone" {
  command         = plan
  expect_failures = [var.region]
  variables { region = "eu-central-1a" }
}

run "environment_has_a_hyphen" {
  command         = plan
  expect_failures = [var.environments]
  variables { environments = { pre-prod = {} } }
}

run "environment_takes_a_name_of_bootstraps" {
  command         = plan
  expect_failures = [var.environments]
  # files-api-github-… would be names that its role may change: its own.
  variables { environments = { github = {} } }
}

run "repository_has_a_wildcard" {
  command         = plan
  expect_failures = [var.github_repository]
  variables { github_repository = "example/*" }
}

run "owner_has_no_number" {
  command         = plan
  expect_failures = [var.github_owner_id]
  variables { github_owner_id = 0 }
}

run "repository_has_half_a_number" {
  command         = plan
  expect_failures = [var.github_repository_id]
  variables { github_repository_id = 1.5 }
}

run "identity_provider_is_another_one" {
  command         = plan
  expect_failures = [var.github_oidc_provider_arn]
  variables { github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com" }
}

run "records_of_sessions_are_gone_before_a_year" {
  command         = plan
  expect_failures = [var.session_retention_days]
  variables { session_retention_days = 30 }
}
