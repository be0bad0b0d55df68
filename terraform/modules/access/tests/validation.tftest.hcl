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
  deletion_protection      = false
  files_bucket_arn         = "arn:aws:s3:::files-api-dev-files-123456789012"
  keys_table_arn           = "arn:aws:dynamodb:eu-central-1:123456789012:table/files-api-dev-keys"
  state_table_arn          = "arn:aws:dynamodb:eu-central-1:123456789012:table/files-api-dev-state"
  data_kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  logs_kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/66666666-7777-8888-9999-000000000000"
  service_log_group_arn    = "arn:aws:logs:eu-central-1:123456789012:log-group:/files-api/dev/service"
  audit_log_group_arn      = "arn:aws:logs:eu-central-1:123456789012:log-group:/files-api/dev/audit"
  target_group_arns        = { blue = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-blue/1" }
  auto_scaling_group_names = ["files-api-dev-blue"]
}

run "name_begins_with_a_digit" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "1-files-api" }
}

run "environment_has_a_wildcard" {
  command         = plan
  expect_failures = [var.environment]
  variables { environment = "*" }
}

run "bucket_has_something_behind_its_name" {
  command         = plan
  expect_failures = [var.files_bucket_arn]
  variables { files_bucket_arn = "arn:aws:s3:::files-api-*" }
}

run "prefix_is_no_directory" {
  command         = plan
  expect_failures = [var.files_prefix]
  # Would let shop-of-somebody-else/ in, too.
  variables { files_prefix = "shop" }
}

run "data_key_is_an_alias" {
  command         = plan
  expect_failures = [var.data_kms_key_arn]
  variables { data_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/files-api-dev-data" }
}

run "logs_key_is_an_alias" {
  command         = plan
  expect_failures = [var.logs_kms_key_arn]
  variables { logs_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/files-api-dev-observability" }
}

run "service_log_group_is_all_groups" {
  command         = plan
  expect_failures = [var.service_log_group_arn]
  variables { service_log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:*" }
}

run "audit_log_group_ends_with_a_wildcard" {
  command         = plan
  expect_failures = [var.audit_log_group_arn]
  variables { audit_log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/files-api/dev/audit:*" }
}

run "no_target_group_to_leave" {
  command         = plan
  expect_failures = [var.target_group_arns]
  variables { target_group_arns = {} }
}

run "all_auto_scaling_groups" {
  command         = plan
  expect_failures = [var.auto_scaling_group_names]
  variables { auto_scaling_group_names = ["files-api-*"] }
}

run "scope_is_none_of_the_services" {
  command         = plan
  expect_failures = [var.cognito_clients]
  variables { cognito_clients = { machine = ["files:all"] } }
}

run "machine_has_no_scope" {
  command         = plan
  expect_failures = [var.cognito_clients]
  variables { cognito_clients = { machine = [] } }
}

run "valkey_has_no_network" {
  command         = plan
  expect_failures = [var.enable_valkey]
  variables { enable_valkey = true }
}

run "valkey_has_no_node" {
  command         = plan
  expect_failures = [var.valkey_node_count]
  variables { valkey_node_count = 0 }
}

run "boundary_is_a_name" {
  command         = plan
  expect_failures = [var.permissions_boundary_arn]
  variables { permissions_boundary_arn = "files-api-dev-boundary" }
}
