# One wrong value for each validation.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                     = "files-api-dev"
  environment              = "dev"
  load_balancer_arn_suffix = "app/files-api-dev/50dc6c495c0c9188"
  target_group_arn_suffix  = "targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
  auto_scaling_group_name  = "files-api-dev-blue"
  files_bucket             = "files-api-dev-files"
}

run "name_is_too_long_for_a_bucket" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "files-api-of-the-whole-department" }
}

run "environment_is_no_word" {
  command         = plan
  expect_failures = [var.environment]
  variables { environment = "Dev/1" }
}

run "log_retention_is_none_that_cloudwatch_knows" {
  command         = plan
  expect_failures = [var.log_retention_days]
  # 0 would be for ever.
  variables { log_retention_days = 0 }
}

run "audit_log_is_gone_before_a_year" {
  command         = plan
  expect_failures = [var.audit_retention_days]
  variables { audit_retention_days = 180 }
}

run "alert_email_is_no_address" {
  command         = plan
  expect_failures = [var.alert_emails]
  variables { alert_emails = { page = ["the team"] } }
}

run "canary_has_nothing_to_call" {
  command         = plan
  expect_failures = [var.enable_synthetics]
  variables { enable_synthetics = true }
}

run "canary_would_send_its_key_in_clear" {
  command         = plan
  expect_failures = [var.url]
  variables { url = "http://files.example.com" }
}

run "canary_runs_too_seldom" {
  command         = plan
  expect_failures = [var.synthetics_interval_minutes]
  variables { synthetics_interval_minutes = 61 }
}

run "canary_key_is_no_full_name" {
  command         = plan
  expect_failures = [var.synthetics_key_parameter]
  variables {
    synthetics_key_parameter             = "canary-key"
    synthetics_key_parameter_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/66666666-2222-3333-4444-555555555555"
  }
}

run "canary_key_cannot_be_decrypted" {
  command         = plan
  expect_failures = [var.synthetics_key_parameter]
  variables { synthetics_key_parameter = "/files-api/dev/secrets/canary-key" }
}

run "budget_has_no_amount" {
  command         = plan
  expect_failures = [var.enable_budget]
  variables { enable_budget = true }
}

run "budget_is_nothing" {
  command         = plan
  expect_failures = [var.monthly_budget_usd]
  variables { monthly_budget_usd = 0 }
}

run "permissions_boundary_is_no_policy" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]
  variables { permissions_boundary_arn = "files-api-boundary" }
}
