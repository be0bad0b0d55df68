# Who may do what: what an instance may do, the secret that it reads, and, by switch, who issues tokens and who counts
# requests.
#
#   main.tf             the instance's role
#   service_policy.tf   what the service itself may do
#   host_policy.tf      what else on the instance may do: settings, lifecycle, telemetry, sessions
#   secrets.tf          the key for OpenAI, whose value Terraform never knows
#   cognito.tf          a user pool that issues tokens to machines (switch)
#   valkey.tf           where a fleet counts requests together (switch)

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  parameters = "/files-api/${var.environment}"
  # The beginning of the ARN of everything of a service here: "${local.arn.ssm}:parameter/…".
  arn = { for service in ["autoscaling", "ec2", "kms", "logs", "ssm"] : service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}" }

  # Policies of the instance's role, by name. Inline: they are this role's alone, and go with it. All of them together have
  # room for 10,240 characters (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
  policies = {
    service   = data.aws_iam_policy_document.service.json
    lifecycle = data.aws_iam_policy_document.lifecycle.json
    telemetry = data.aws_iam_policy_document.telemetry.json
    sessions  = data.aws_iam_policy_document.sessions.json
  }
}

data "aws_iam_policy_document" "instance_trust" {
  statement {
    sid     = "Ec2RunsInstances"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# Not AmazonSSMManagedInstanceCore: it reads every parameter of the account. Not CloudWatchAgentServerPolicy: it writes to
# every log group, and makes some.
resource "aws_iam_role" "instance" {
  name                 = "${var.name}-instance"
  description          = "What an instance of ${var.name} may do"
  assume_role_policy   = data.aws_iam_policy_document.instance_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "instance" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.instance.id
  policy = each.value
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-instance"
  role = aws_iam_role.instance.name
}
