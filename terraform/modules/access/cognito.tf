# A user pool that gives tokens to machines (client_credentials). docs/access.md tells what the service wants of a token.

locals {
  pools = var.enable_cognito ? 1 : 0

  # What the service knows (docs/access.md#scopes-and-roots); what stands before the last slash does not count there.
  resource_server = "files-api"
  scopes = {
    "files:read"     = "Read and list files"
    "files:write"    = "Create and replace files"
    "files:delete"   = "Delete files"
    "files:generate" = "Let OpenAI make files"
  }

  trigger_name   = "${var.name}-token"
  trigger_source = "${path.module}/cognito_trigger/trigger.py"
  # Below .terraform, which is nobody's to commit; its name changes with its content.
  trigger_package = "${path.root}/.terraform/${local.trigger_name}-${substr(filesha256(local.trigger_source), 0, 12)}.zip"
}

resource "aws_cognito_user_pool" "this" {
  count = local.pools

  name                = var.name
  user_pool_tier      = "ESSENTIALS" # the least that lets a trigger write the aud of machines' tokens
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  # Nobody signs up: there are no people here yet.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = 1
  }

  lambda_config {
    pre_token_generation_config {
      lambda_arn     = aws_lambda_function.trigger[0].arn
      lambda_version = "V3_0" # the only one that is asked for client_credentials
    }
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  count = local.pools

  # One namespace for all accounts of a region.
  domain       = "${var.name}-${local.account_id}"
  user_pool_id = aws_cognito_user_pool.this[0].id
}

resource "aws_cognito_resource_server" "this" {
  count = local.pools

  identifier   = local.resource_server
  name         = local.resource_server
  user_pool_id = aws_cognito_user_pool.this[0].id

  dynamic "scope" {
    for_each = local.scopes

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

# Cognito makes their secrets, and the provider keeps them in the state: whoever may read that can be these clients. An
# operator reads one with `aws cognito-idp describe-user-pool-client`.
resource "aws_cognito_user_pool_client" "these" {
  for_each = var.enable_cognito ? var.cognito_clients : {}

  name                                 = each.key
  user_pool_id                         = aws_cognito_user_pool.this[0].id
  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = [for scope in each.value : "${local.resource_server}/${scope}"]
  explicit_auth_flows                  = []
  access_token_validity                = 60
  enable_token_revocation              = true

  token_validity_units {
    access_token = "minutes"
  }

  depends_on = [aws_cognito_resource_server.this]
}

# Lambda takes a zip file alone. It is made at apply by the Python that the repository needs anyway.
resource "terraform_data" "trigger_package" {
  count = local.pools

  triggers_replace = [local.trigger_package]

  provisioner "local-exec" {
    command = "python3 '${path.module}/cognito_trigger/package.py' '${local.trigger_source}' '${local.trigger_package}'"
  }
}

resource "aws_lambda_function" "trigger" {
  #checkov:skip=CKV_AWS_50:It copies one field into another; there is nothing to trace
  #checkov:skip=CKV_AWS_115:Cognito waits for it: a bound on how many run at once would be a bound on tokens
  #checkov:skip=CKV_AWS_116:Cognito calls it and waits for the answer; a dead letter queue is for calls that nobody waits for
  #checkov:skip=CKV_AWS_117:It calls nothing, so it needs no network
  #checkov:skip=CKV_AWS_272:Its source is in this module; who may change it may change this, too
  count = local.pools

  function_name    = local.trigger_name
  description      = "Puts the client's ID into aud, which Cognito leaves out"
  role             = aws_iam_role.trigger[0].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "trigger.handler"
  filename         = local.trigger_package
  source_code_hash = filebase64sha256(local.trigger_source)
  timeout          = 5 # seconds; Cognito itself waits no longer
  memory_size      = 128

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.trigger[0].name
  }

  depends_on = [terraform_data.trigger_package, aws_iam_role_policy.trigger]
}

resource "aws_lambda_permission" "trigger" {
  count = local.pools

  statement_id   = "CognitoAsksForTokens"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.trigger[0].function_name
  principal      = "cognito-idp.amazonaws.com"
  source_account = local.account_id
  source_arn     = aws_cognito_user_pool.this[0].arn
}

resource "aws_cloudwatch_log_group" "trigger" {
  #checkov:skip=CKV_AWS_338:It says nothing unless it fails; that is of no use after a year
  count = local.pools

  name              = "/files-api/${var.environment}/token-trigger"
  retention_in_days = 30
  kms_key_id        = var.logs_kms_key_arn
}

data "aws_iam_policy_document" "trigger_trust" {
  statement {
    sid     = "LambdaRunsTheTrigger"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "trigger" {
  count = local.pools

  statement {
    sid       = "WriteItsLog"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.trigger[0].arn}:log-stream:*"]
  }
}

resource "aws_iam_role" "trigger" {
  count = local.pools

  name                 = local.trigger_name
  description          = "The trigger of the user pool of ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.trigger_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "trigger" {
  count = local.pools

  name   = "log"
  role   = aws_iam_role.trigger[0].id
  policy = data.aws_iam_policy_document.trigger[0].json
}
