# Reads, to plan. Two roles with the same rights, but for secrets:
#
# plan    the pipeline on main: the plan that is approved and then applied, and the daily look for drift. The provider reads
#         SecureString parameters with their values, to compare them, so this role can read the key for OpenAI. What runs with
#         it has been reviewed.
# review  pull requests, whose code nobody has looked at yet: no secret. It plans with -refresh=false, against what the state
#         says, which is what a reviewer wants to see: what this change does.
#
# Neither writes a lock: they plan with -lock=false. A plan reads the state once, whole; one that an apply overtakes is
# refused when it is to be applied ("saved plan is stale"), so that nothing is lost without the lock.

locals {
  plan_roles = toset(["plan", "review"])
}

resource "aws_iam_role" "plan" {
  for_each = local.plan_roles

  name               = "${local.project}-github-${each.key}"
  description        = each.key == "plan" ? "The pipeline on main, planning" : "The pipeline in pull requests, planning without secrets"
  assume_role_policy = data.aws_iam_policy_document.github_trust[each.key].json
}

resource "aws_iam_policy" "plan" {
  name        = "${local.project}-github-read"
  description = "Read what Terraform manages, and its states; not what is stored in it"
  policy      = data.aws_iam_policy_document.plan.json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = local.plan_roles

  role       = aws_iam_role.plan[each.key].name
  policy_arn = aws_iam_policy.plan.arn
}

resource "aws_iam_role_policy" "plan_secrets" {
  name   = "secrets"
  role   = aws_iam_role.plan["plan"].id
  policy = data.aws_iam_policy_document.plan_secrets.json
}

# Not ReadOnlyAccess, which reads every object, item and log line of the account.
data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:How things are set up, of the whole account: most of these calls know no resources

  statement {
    sid       = "FindStates"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.state.arn]
  }

  statement {
    sid       = "ReadStates"
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = [for environment in keys(var.environments) : "${aws_s3_bucket.state.arn}/${local.project}/${environment}/*"]
  }

  statement {
    sid       = "DecryptStates"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.state.arn]
  }

  statement {
    sid    = "ReadParameters"
    effect = "Allow"
    actions = [
      "ssm:GetParameter",
      "ssm:GetParameters",
      "ssm:ListTagsForResource",
    ]
    resources = flatten([
      for environment in keys(var.environments) : [
        "${local.arn.ssm}:parameter/${local.project}/${environment}/ami/*",
        "${local.arn.ssm}:parameter/${local.project}/${environment}/settings/*",
      ]
    ])
  }

  # How things are set up, never what is in them: the service authorization references,
  # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
  statement {
    sid    = "ReadConfiguration"
    effect = "Allow"
    actions = [
      "acm:DescribeCertificate",
      "acm:List*",
      "arc-zonal-shift:Get*",
      "arc-zonal-shift:List*",
      "autoscaling:Describe*",
      "backup:Describe*",
      "backup:GetBackupPlan",
      "backup:GetBackupSelection",
      "backup:List*",
      "budgets:ListTagsForResource",
      "budgets:ViewBudget",
      "cloudwatch:Describe*",
      "cloudwatch:GetDashboard",
      "cloudwatch:List*",
      "cognito-idp:Describe*",
      "cognito-idp:GetUserPoolMfaConfig",
      "cognito-idp:List*",
      "dynamodb:Describe*",
      "dynamodb:ListTagsOfResource",
      "ec2:Describe*",
      "ec2:GetManagedPrefixListEntries",
      "elasticache:Describe*",
      "elasticache:List*",
      "elasticloadbalancing:Describe*",
      "events:Describe*",
      "events:List*",
      "iam:Get*",
      "iam:List*",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:List*",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetPolicy",
      "lambda:List*",
      "logs:Describe*",
      "logs:List*",
      "route53:Get*",
      "route53:List*",
      "s3:Get*Configuration",
      "s3:GetBucket*",
      "s3:ListAllMyBuckets",
      "s3:ListTagsForResource",
      "sns:Get*",
      "sns:List*",
      "ssm:DescribeParameters",
      "synthetics:GetCanary",
      "synthetics:List*",
      "tag:GetResources",
      "wafv2:Get*",
      "wafv2:List*",
      "xray:GetGroup*",
      "xray:GetSamplingRules",
      "xray:List*",
    ]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "plan_secrets" {
  statement {
    sid       = "ReadSecrets"
    effect    = "Allow"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = [for environment in keys(var.environments) : "${local.arn.ssm}:parameter/${local.project}/${environment}/secrets/*"]
  }

  statement {
    sid       = "DecryptSecrets"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = ["${local.arn.kms}:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [for environment in keys(var.environments) : "${local.arn.ssm}:parameter/${local.project}/${environment}/secrets/*"]
    }
  }
}
