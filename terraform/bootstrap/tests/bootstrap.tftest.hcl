# What must hold of the plan, without AWS.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_s3_bucket" {
    defaults        = { arn = "arn:aws:s3:::files-api-terraform-state-123456789012-eu-central-1" }
    override_during = plan
  }
  mock_resource "aws_kms_key" {
    defaults        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
    override_during = plan
  }
  mock_resource "aws_iam_policy" {
    defaults        = { arn = "arn:aws:iam::123456789012:policy/mocked" }
    override_during = plan
  }
  mock_resource "aws_iam_role" {
    defaults        = { arn = "arn:aws:iam::123456789012:role/mocked" }
    override_during = plan
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults        = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    override_during = plan
  }
}

variables {
  region               = "eu-central-1"
  github_repository    = "example/files-api"
  github_owner_id      = 123456
  github_repository_id = 456789
}

run "states_are_kept_encrypted_and_closed" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "a state that was broken can be put back"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && aws_kms_key.state.enable_key_rotation
    error_message = "encrypted with a key that rotates"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_acls && aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.ignore_public_acls && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "nothing of it is public"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.state.statement : statement.effect == "Deny" && length(statement.resources) == 2
    ]) && toset(flatten([for statement in data.aws_iam_policy_document.state.statement : [for condition in statement.condition : condition.variable]])) == toset(["aws:SecureTransport", "s3:TlsVersion"])
    error_message = "a request in clear is denied, and old TLS"
  }
}

run "backends_lock_by_themselves_and_are_apart" {
  command = plan

  assert {
    condition     = alltrue([for text in concat([output.backend], values(output.environment_backends)) : strcontains(text, "use_lockfile = true") && strcontains(text, "encrypt      = true")])
    error_message = "S3's own locks, and encryption, in every backend"
  }
  assert {
    condition     = strcontains(output.environment_backends["dev"], "\"files-api/dev/terraform.tfstate\"") && strcontains(output.environment_backends["prod"], "\"files-api/prod/terraform.tfstate\"") && strcontains(output.backend, "\"files-api/bootstrap/terraform.tfstate\"")
    error_message = "each environment has a state of its own"
  }
}

run "both_forms_of_githubs_subject_are_taken_and_nothing_else" {
  command = plan

  assert {
    condition = toset(one([
      for condition in data.aws_iam_policy_document.github_trust["prod"].statement[0].condition : condition if endswith(condition.variable, ":sub")
      ]).values) == toset([
      "repo:example/files-api:environment:prod",
      "repo:example@123456/files-api@456789:environment:prod",
    ])
    error_message = "by name, and by name and number: for the jobs of prod alone"
  }
  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.github_trust : [
        for condition in document.statement[0].condition : condition.test == "StringEquals" && alltrue([for value in condition.values : !strcontains(value, "*")])
      ]
    ]))
    error_message = "to the letter: no wildcard in anybody's trust"
  }
  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.github_trust :
      one([for condition in document.statement[0].condition : condition if endswith(condition.variable, ":aud")]).values == tolist(["sts.amazonaws.com"])
    ])
    error_message = "tokens that were made for AWS"
  }
  assert {
    condition = toset(one([
      for condition in data.aws_iam_policy_document.github_trust["review"].statement[0].condition : condition if endswith(condition.variable, ":sub")
    ]).values) == toset(["repo:example/files-api:pull_request", "repo:example@123456/files-api@456789:pull_request"])
    error_message = "a pull request is a pull request, and no more"
  }
}

run "roles_are_made_within_the_boundary_or_not_at_all" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.apply_identity : [
        for statement in document.statement : anytrue([for condition in statement.condition : condition.variable == "iam:PermissionsBoundary"])
        if statement.effect == "Allow" && length(setintersection(statement.actions, ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"])) > 0
      ]
    ]))
    error_message = "whatever gives a role rights is bound to the boundary"
  }
  assert {
    condition = alltrue(flatten([
      for environment, document in data.aws_iam_policy_document.apply_identity : [
        for statement in document.statement : [
          for resource in statement.resources : strcontains(resource, ":role/files-api-${environment}-") || strcontains(resource, ":instance-profile/files-api-${environment}-") || strcontains(resource, ":role/aws-service-role/")
        ] if statement.effect == "Allow"
      ]
    ]))
    error_message = "of IAM, the environment's own names alone"
  }
  assert {
    condition     = alltrue([for environment, role in aws_iam_role.apply : !startswith(role.name, "files-api-${environment}-")])
    error_message = "the role of the pipeline is none of those"
  }
  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.boundary : [
        for statement in document.statement : [for action in statement.actions : !startswith(action, "iam:") && !startswith(action, "sts:") && !startswith(action, "organizations:") && action != "*"]
      ]
    ]))
    error_message = "within the boundary there is nothing of IAM"
  }
  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.apply_identity : anytrue([
        for statement in document.statement : statement.effect == "Deny" && contains(statement.actions, "iam:DeleteRolePermissionsBoundary")
      ])
    ])
    error_message = "and nobody takes it off"
  }
}

run "production_cannot_be_emptied_by_the_pipeline" {
  command = plan

  assert {
    condition     = length([for statement in data.aws_iam_policy_document.apply_data["prod"].statement : statement if length(setintersection(statement.actions, ["s3:DeleteObject", "s3:DeleteObjectVersion", "dynamodb:DeleteTable"])) > 0]) == 0
    error_message = "no file and no table of prod"
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.apply_data["dev"].statement : statement if contains(statement.actions, "s3:DeleteObjectVersion")]) == 1
    error_message = "dev can be destroyed, with what is in it"
  }
  assert {
    condition = alltrue(flatten([
      for environment, document in data.aws_iam_policy_document.apply_state : [
        for statement in document.statement : [for resource in statement.resources : strcontains(resource, "/files-api/${environment}/")] if contains(statement.actions, "s3:PutObject")
      ]
    ]))
    error_message = "each role writes its own state"
  }
}

run "plans_only_read_and_pull_requests_read_no_secret" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.plan.statement : [
        for action in statement.actions : can(regex(":(Describe|Get|List|View)", action)) || action == "kms:Decrypt"
      ]
    ]))
    error_message = "nothing but reading"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.plan.statement :
      !contains(statement.resources, "*") || length(setintersection(statement.actions, ["s3:GetObject", "s3:Get*", "dynamodb:GetItem", "ssm:GetParameter", "ssm:Get*", "logs:Get*", "kms:Decrypt", "secretsmanager:GetSecretValue"])) == 0
    ])
    error_message = "how things are set up, not what is in them"
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.plan.statement : statement if anytrue([for resource in statement.resources : strcontains(resource, "/secrets/")])]) == 0
    error_message = "what both roles have leads to no secret"
  }
  assert {
    condition     = toset(keys(aws_iam_role.plan)) == toset(["plan", "review"]) && keys(aws_iam_role_policy_attachment.plan) == keys(aws_iam_role.plan)
    error_message = "both have the reading policy"
  }
}

run "sessions_are_encrypted_recorded_and_end" {
  command = plan

  assert {
    condition     = aws_ssm_document.session_preferences[0].name == "SSM-SessionManagerRunShell" && aws_ssm_document.session_preferences[0].document_type == "Session"
    error_message = "the name that Systems Manager looks for"
  }
  assert {
    condition     = jsondecode(aws_ssm_document.session_preferences[0].content).inputs.kmsKeyId == aws_kms_key.sessions[0].arn
    error_message = "encrypted with a key of our own"
  }
  assert {
    condition     = jsondecode(aws_ssm_document.session_preferences[0].content).inputs.cloudWatchLogGroupName == "/files-api/sessions" && jsondecode(aws_ssm_document.session_preferences[0].content).inputs.cloudWatchStreamingEnabled && jsondecode(aws_ssm_document.session_preferences[0].content).inputs.cloudWatchEncryptionEnabled
    error_message = "recorded while they go on, encrypted"
  }
  assert {
    condition     = jsondecode(aws_ssm_document.session_preferences[0].content).inputs.idleSessionTimeout == "20" && jsondecode(aws_ssm_document.session_preferences[0].content).inputs.maxSessionDuration == "60"
    error_message = "they end, by themselves"
  }
  assert {
    condition     = aws_cloudwatch_log_group.sessions[0].retention_in_days >= 365 && aws_cloudwatch_log_group.sessions[0].kms_key_id == aws_kms_key.sessions[0].arn
    error_message = "the record is kept for a year, encrypted"
  }
}

run "sessions_may_be_somebody_elses" {
  command = plan
  variables { enable_session_preferences = false }

  assert {
    condition     = length(aws_ssm_document.session_preferences) + length(aws_kms_key.sessions) + length(aws_cloudwatch_log_group.sessions) == 0
    error_message = "then nothing of them is made here"
  }
}

run "the_identity_provider_may_be_there_already" {
  command = plan
  variables { github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "an account has one for each issuer"
  }
}

run "images_are_built_without_an_open_port" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.image.statement : [
        for tag in ["Project", "Purpose"] : anytrue([for condition in statement.condition : endswith(condition.variable, "Tag/${tag}")])
      ] if length(setintersection(statement.actions, ["ec2:TerminateInstances", "ec2:DeregisterImage", "ec2:CreateImage"])) > 0
    ]))
    error_message = "it touches only what has its tags"
  }
  assert {
    condition     = toset(flatten([for statement in data.aws_iam_policy_document.image_builder.statement : statement.actions])) == toset(["ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"])
    error_message = "the instance has sessions, and nothing else"
  }
}
