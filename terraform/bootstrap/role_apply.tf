# Applies an environment: one role for each, which only a job of GitHub's environment of the same name can take on, after the
# approval that GitHub asks for there. It may make and change what the modules make, as far as IAM can tell one environment
# from another: by name where names are, else by the tag Environment. Of IAM it may make roles of the environment's own
# names, within the boundary, and nothing else: not itself, not the boundary, no users, no keys.

locals {
  # A policy for each concern; a managed policy has room for 6,144 characters, and a role for ten of them
  # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
  apply_policies = merge([
    for environment in keys(var.environments) : {
      "${environment}-state"    = { environment = environment, json = data.aws_iam_policy_document.apply_state[environment].json }
      "${environment}-machines" = { environment = environment, json = data.aws_iam_policy_document.apply_machines[environment].json }
      "${environment}-data"     = { environment = environment, json = data.aws_iam_policy_document.apply_data[environment].json }
      "${environment}-telling"  = { environment = environment, json = data.aws_iam_policy_document.apply_telling[environment].json }
      "${environment}-identity" = { environment = environment, json = data.aws_iam_policy_document.apply_identity[environment].json }
    }
  ]...)
}

resource "aws_iam_role" "apply" {
  for_each = var.environments

  # Not ${local.project}-${each.key}-…, which are the names that it may change.
  name                 = "${local.project}-github-${each.key}"
  description          = "The pipeline, applying ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.github_trust[each.key].json
  max_session_duration = 7200 # seconds; it follows an instance refresh to its end
}

resource "aws_iam_policy" "apply" {
  for_each = local.apply_policies

  name        = "${local.project}-github-${each.key}"
  description = "The pipeline, applying ${each.value.environment}"
  policy      = each.value.json
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = local.apply_policies

  role       = aws_iam_role.apply[each.value.environment].name
  policy_arn = aws_iam_policy.apply[each.key].arn
}

# Its own state, and the lock beside it.
data "aws_iam_policy_document" "apply_state" {
  for_each = var.environments

  statement {
    sid       = "FindStates"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.state.arn]
  }

  statement {
    sid       = "KeepItsState"
    effect    = "Allow"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.state.arn}/${local.project}/${each.key}/*"]
  }

  statement {
    sid       = "EncryptItsState"
    effect    = "Allow"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.state.arn]
  }
}

# Roles of the environment: within the boundary, or not at all.
data "aws_iam_policy_document" "apply_identity" {
  for_each = var.environments

  statement {
    sid    = "MakeRolesWithinTheBoundary"
    effect = "Allow"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
    ]
    resources = ["${local.iam}:role/${local.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [aws_iam_policy.boundary[each.key].arn]
    }
  }

  statement {
    sid    = "KeepRoles"
    effect = "Allow"
    actions = [
      "iam:DeleteRole",
      "iam:GetRole*",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole*",
    ]
    resources = ["${local.iam}:role/${local.project}-${each.key}-*"]
  }

  statement {
    sid       = "InstanceProfiles"
    effect    = "Allow"
    actions   = ["iam:*InstanceProfile"]
    resources = ["${local.iam}:instance-profile/${local.project}-${each.key}-*", "${local.iam}:role/${local.project}-${each.key}-*"]
  }

  statement {
    sid       = "GiveRolesToServices"
    effect    = "Allow"
    actions   = ["iam:PassRole"]
    resources = ["${local.iam}:role/${local.project}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "backup.amazonaws.com",
        "ec2.amazonaws.com",
        "lambda.amazonaws.com",
        "s3.amazonaws.com",
        "synthetics.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  # Made once for an account, by whoever uses a service first; AWS says what is in them.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
  statement {
    sid       = "RolesOfAwsItself"
    effect    = "Allow"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.iam}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values = [
        "autoscaling.amazonaws.com",
        "backup.amazonaws.com",
        "elasticache.amazonaws.com",
        "elasticloadbalancing.amazonaws.com",
        "spot.amazonaws.com",
        "wafv2.amazonaws.com",
      ]
    }
  }

  # Whatever is added above one day: never its own role and policies, the boundary, or the way around it.
  statement {
    sid    = "NeverItself"
    effect = "Deny"
    actions = [
      "iam:Attach*",
      "iam:Create*",
      "iam:Delete*",
      "iam:Detach*",
      "iam:Put*",
      "iam:Set*",
      "iam:Update*",
    ]
    resources = [
      "${local.iam}:role/${local.project}-github-*",
      "${local.iam}:policy/${local.project}-*",
      "${local.iam}:oidc-provider/*",
      "${local.iam}:user/*",
    ]
  }

  statement {
    sid       = "NeverWithoutTheBoundary"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }
}
