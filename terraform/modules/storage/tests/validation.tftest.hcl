# One wrong value for each validation.

mock_provider "aws" {
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
  name                    = "files-api-dev"
  deletion_protection     = false
  noncurrent_version_days = 30
  log_retention_days      = 90
}

run "name_is_too_long_for_a_bucket" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "files-api-of-the-whole-department" }
}

run "old_versions_are_never_kept" {
  command         = plan
  expect_failures = [var.noncurrent_version_days]
  variables { noncurrent_version_days = 0 }
}

run "logs_are_kept_for_half_a_day" {
  command         = plan
  expect_failures = [var.log_retention_days]
  variables { log_retention_days = 0.5 }
}

run "origin_has_a_path" {
  command         = plan
  expect_failures = [var.cors_origins]
  variables { cors_origins = ["https://app.example.com/"] }
}

run "replication_leads_nowhere" {
  command         = plan
  expect_failures = [var.enable_replication]
  variables { enable_replication = true }
}

run "replica_is_in_the_same_region" {
  command         = plan
  expect_failures = [aws_s3_bucket_replication_configuration.files]
  variables {
    enable_replication = true
    replica = {
      bucket_arn  = "arn:aws:s3:::files-api-dev-replica-123456789012"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
      region      = "eu-central-1"
    }
  }
}

run "backups_are_gone_at_once" {
  command         = plan
  expect_failures = [var.backup_retention_days]
  variables { backup_retention_days = 0 }
}

run "boundary_is_a_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]
  variables { permissions_boundary_arn = "files-api-dev-boundary" }
}
