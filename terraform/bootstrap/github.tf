# GitHub Actions shows a token of its own for each job; no key of AWS is stored anywhere.
# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

locals {
  github_issuer = "token.actions.githubusercontent.com"

  # A token's subject names the repository in one of two ways: by name, or, by default for repositories that were made or
  # renamed since 2026-07-15, by name and number, so that whoever takes over a name that was given up gets nothing.
  # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
  # No wildcard: a subject is one of these, to the letter.
  github_owner = split("/", var.github_repository)[0]
  github_name  = split("/", var.github_repository)[1]
  github_repositories = [
    "repo:${var.github_repository}",
    "repo:${local.github_owner}@${var.github_owner_id}/${local.github_name}@${var.github_repository_id}",
  ]

  # What a job has to be for each of the roles, as the end of its subject. A job of an environment has that one alone, and
  # has it only after GitHub's own protection (reviewers, branches) has let it pass.
  github_jobs = merge(
    { for environment in keys(var.environments) : environment => ["environment:${environment}"] },
    {
      plan   = ["ref:refs/heads/main"]
      image  = ["ref:refs/heads/main"]
      review = ["pull_request"]
    },
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.github_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github_trust" {
  #checkov:skip=CKV_AWS_358:The subjects are whole ones of one repository; the check does not look into lists that are computed
  for_each = local.github_jobs

  statement {
    sid     = "JobsOfTheRepository"
    effect  = "Allow"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.github_oidc_provider_arn == null ? aws_iam_openid_connect_provider.github[0].arn : var.github_oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github_issuer}:sub"
      values   = [for pair in setproduct(local.github_repositories, each.value) : join(":", pair)]
    }
  }
}
