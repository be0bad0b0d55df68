# Once for an account, before any environment: where Terraform's state is kept, who the pipeline is and what it may do, and
# how sessions on instances are recorded. Applied by a person with rights over IAM, not by the pipeline, which may not touch
# what bounds it.
#
#   state.tf          the bucket of states, and its key
#   github.tf         GitHub as an identity provider, and whose tokens are which role
#   boundary.tf       what roles that the pipeline makes can ever do
#   role_apply.tf     applies an environment: one role for each (role_apply_resources.tf: all of it but IAM)
#   role_plan.tf      reads: the pipeline on main, and, without secrets, pull requests
#   role_image.tf     builds images (Packer)
#   sessions.tf       preferences of SSM sessions, of which an account and region has one
#
# Its own state is local the first time, since the bucket is not there yet; `make tf-bootstrap` then writes the output
# `backend` to backend.tf and moves the state into the bucket (`terraform init -migrate-state`), under
# files-api/bootstrap/. From then
# on every clone of the repository finds it there.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = local.project
      Environment = local.environment
      ManagedBy   = "terraform"
      Repository  = var.github_repository
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  project = "files-api"
  # What is tagged so belongs to no environment, and no pipeline may change it (role_apply.tf).
  environment = "bootstrap"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # The beginning of the ARN of everything of a service here: "${local.arn.ssm}:parameter/…".
  arn = {
    for service in [
      "autoscaling", "backup", "cloudwatch", "dynamodb", "ec2", "elasticache", "elasticloadbalancing", "events",
      "kms", "lambda", "logs", "sns", "ssm", "synthetics", "wafv2", "xray",
    ] : service => "arn:${local.partition}:${service}:${var.region}:${local.account_id}"
  }
  iam = "arn:${local.partition}:iam::${local.account_id}"
}
