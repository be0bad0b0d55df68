# What must hold of the plan, without AWS. That the role is enough, and no more, is tried in tests/infra/test_role.py.

mock_provider "aws" {
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
  mock_resource "aws_cognito_user_pool" {
    defaults        = { arn = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_1", endpoint = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_1" }
    override_during = plan
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/files-api-dev-mocked" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults        = { primary_endpoint_address = "master.files-api-dev.abcdef.euc1.cache.amazonaws.com" }
    override_during = plan
  }
}

variables {
  name                     = "files-api-dev"
  environment              = "dev"
  deletion_protection      = true
  files_bucket_arn         = "arn:aws:s3:::files-api-dev-files-123456789012"
  keys_table_arn           = "arn:aws:dynamodb:eu-central-1:123456789012:table/files-api-dev-keys"
  state_table_arn          = "arn:aws:dynamodb:eu-central-1:123456789012:table/files-api-dev-state"
  data_kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  logs_kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/66666666-7777-8888-9999-000000000000"
  service_log_group_arn    = "arn:aws:logs:eu-central-1:123456789012:log-group:/files-api/dev/service"
  audit_log_group_arn      = "arn:aws:logs:eu-central-1:123456789012:log-group:/files-api/dev/audit"
  target_group_arns        = { blue = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-blue/1" }
  auto_scaling_group_names = ["files-api-dev-blue", "files-api-dev-green"]
}

run "no_statement_allows_all_actions_of_a_service" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.service, data.aws_iam_policy_document.lifecycle, data.aws_iam_policy_document.telemetry, data.aws_iam_policy_document.sessions] : [
        for statement in document.statement : [
          for action in statement.actions : !endswith(action, ":*") && action != "*"
        ]
      ]
    ]))
    error_message = "each action is named (KMS's two families, ReEncrypt* and GenerateDataKey*, aside)"
  }
  assert {
    condition = toset(flatten([
      for document in [data.aws_iam_policy_document.service, data.aws_iam_policy_document.lifecycle, data.aws_iam_policy_document.telemetry, data.aws_iam_policy_document.sessions] : [
        for statement in document.statement : statement.actions if contains(statement.resources, "*")
      ]
      ])) == toset([
      "cloudwatch:PutMetricData", "ec2:DescribeTags", "elasticloadbalancing:DescribeTargetHealth",
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
      "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ])
    error_message = "only what knows no resources is allowed on all of them"
  }
}

run "the_service_may_use_its_bucket_and_tables_alone" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.service.statement : statement.resources if anytrue([for action in statement.actions : startswith(action, "s3:")])
    ])) == toset([var.files_bucket_arn, "${var.files_bucket_arn}/*"])
    error_message = "one bucket"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.service.statement : toset(statement.resources) == toset([var.keys_table_arn]) || toset(statement.resources) == toset([var.state_table_arn])
      if anytrue([for action in statement.actions : startswith(action, "dynamodb:")])
    ])
    error_message = "two tables, neither of them with an index"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.service.statement :
      toset(statement.resources) == toset([var.data_kms_key_arn]) && length(statement.condition) > 0
      if anytrue([for action in statement.actions : startswith(action, "kms:")])
    ])
    error_message = "one key, and only by S3, by DynamoDB, or for the one parameter"
  }
}

run "files_can_be_bound_to_a_directory" {
  command = plan
  variables { files_prefix = "shop/files/" }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.service.statement : statement.resources if contains(["KeepFiles", "KeepDigests"], statement.sid)
    ])) == toset(["${var.files_bucket_arn}/shop/files/*"])
    error_message = "objects below the prefix alone"
  }
}

run "an_instance_reads_its_settings_and_one_secret" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in concat(tolist(data.aws_iam_policy_document.service.statement), tolist(data.aws_iam_policy_document.lifecycle.statement)) : statement.resources
      if anytrue([for action in statement.actions : startswith(action, "ssm:")])
      ])) == toset([
      "arn:aws:ssm:eu-central-1:123456789012:parameter/files-api/dev/settings",
      "arn:aws:ssm:eu-central-1:123456789012:parameter/files-api/dev/settings/*",
      "arn:aws:ssm:eu-central-1:123456789012:parameter/files-api/dev/secrets/openai-api-key",
    ])
    error_message = "its own settings and the key for OpenAI, no other parameter"
  }
}

run "keys_are_managed_on_an_instance_unless_that_is_switched_off" {
  command = plan
  variables { enable_key_management = false }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.service.statement : statement.actions if contains(statement.resources, var.keys_table_arn)
    ])) == toset(["dynamodb:GetItem", "dynamodb:UpdateItem"])
    error_message = "the service looks keys up and notes their use; it makes none"
  }
}

run "the_key_for_openai_is_secret_and_an_operators" {
  command = plan

  assert {
    condition     = aws_ssm_parameter.openai_key.type == "SecureString" && aws_ssm_parameter.openai_key.key_id == var.data_kms_key_arn
    error_message = "encrypted with the data key"
  }
  assert {
    condition     = aws_ssm_parameter.openai_key.value_wo_version == 1
    error_message = "written once: another version would overwrite an operator's value"
  }
  assert {
    condition     = output.openai_key_parameter == "/files-api/dev/secrets/openai-api-key"
    error_message = "where the operators' tools look for it"
  }
}

run "roles_have_the_boundary" {
  command = plan
  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/files-api-dev-boundary"
    enable_cognito           = true
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.instance, aws_iam_role.trigger[0]] : role.permissions_boundary == var.permissions_boundary_arn])
    error_message = "every role made here"
  }
}

run "switches_are_off_unless_asked_for" {
  command = plan

  assert {
    condition     = length(aws_cognito_user_pool.this) + length(aws_lambda_function.trigger) + length(aws_elasticache_replication_group.this) == 0
    error_message = "no user pool, no Valkey"
  }
  assert {
    condition     = output.oidc_issuer == null && output.oidc_audience == null && output.limits_storage_url == null
    error_message = "and nobody is told of any"
  }
}

run "the_user_pool_gives_tokens_that_the_service_takes" {
  command = plan
  variables {
    enable_cognito  = true
    cognito_clients = { nightly-export = ["files:read"] }
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].lambda_config[0].pre_token_generation_config[0].lambda_version == "V3_0"
    error_message = "only this version of the trigger is asked for machines' tokens, which have no aud without it"
  }
  assert {
    condition     = aws_cognito_user_pool_client.these["nightly-export"].allowed_oauth_flows == toset(["client_credentials"]) && aws_cognito_user_pool_client.these["nightly-export"].allowed_oauth_scopes == toset(["files-api/files:read"])
    error_message = "a machine, with the scope that it was given and no other"
  }
  assert {
    condition     = toset([for scope in aws_cognito_resource_server.this[0].scope : scope.scope_name]) == toset(["files:read", "files:write", "files:delete", "files:generate"])
    error_message = "the service's scopes"
  }
  assert {
    condition     = aws_cognito_user_pool.this[0].admin_create_user_config[0].allow_admin_create_user_only && aws_cognito_user_pool.this[0].deletion_protection == "ACTIVE"
    error_message = "nobody signs up, and nobody deletes it"
  }
  assert {
    condition     = output.oidc_issuer == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_1"
    error_message = "the issuer as it stands in tokens: https, and no slash at the end"
  }
}

run "valkey_is_encrypted_and_survives_a_zone" {
  command = plan
  variables {
    enable_valkey            = true
    valkey_node_count        = 2
    private_subnet_ids       = ["subnet-1", "subnet-2"]
    valkey_security_group_id = "sg-1"
  }

  assert {
    condition     = aws_elasticache_replication_group.this[0].transit_encryption_enabled && aws_elasticache_replication_group.this[0].transit_encryption_mode == "required" && tobool(aws_elasticache_replication_group.this[0].at_rest_encryption_enabled)
    error_message = "encrypted, on the way and where it lies"
  }
  assert {
    condition     = aws_elasticache_replication_group.this[0].multi_az_enabled && aws_elasticache_replication_group.this[0].automatic_failover_enabled
    error_message = "two nodes are in two zones, and one takes over"
  }
  assert {
    condition     = aws_elasticache_replication_group.this[0].security_group_ids == toset(["sg-1"])
    error_message = "behind the security group that the network gives it"
  }
  assert {
    condition     = output.limits_storage_url == "valkeys://master.files-api-dev.abcdef.euc1.cache.amazonaws.com:6379/0"
    error_message = "by TLS"
  }
}

run "one_node_of_valkey_needs_no_failover" {
  command = plan
  variables {
    enable_valkey            = true
    private_subnet_ids       = ["subnet-1", "subnet-2"]
    valkey_security_group_id = "sg-1"
  }

  assert {
    condition     = !aws_elasticache_replication_group.this[0].multi_az_enabled && !aws_elasticache_replication_group.this[0].automatic_failover_enabled
    error_message = "AWS refuses failover to nowhere"
  }
}
