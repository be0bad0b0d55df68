# Calls of AWS that stay inside the VPC. An endpoint's policy is a second lock beside the instance role's: through these
# endpoints only this account's credentials work, and only on this system's own things. Who has broken into an instance
# cannot carry files out to a bucket of his own with keys of his own.

locals {
  # What an instance calls all the time. The rest (Auto Scaling, Elastic Load Balancing, KMS: a few calls when an instance
  # starts, drains or has a session) goes through NAT, which is there for OpenAI anyway. No ec2messages: since version
  # 3.3.40 the SSM agent prefers ssmmessages, see "Reference: ec2messages, ssmmessages, and other API operations" in the
  # Systems Manager user guide.
  interface_services = var.enable_interface_endpoints ? toset(["logs", "monitoring", "ssm", "ssmmessages", "xray"]) : toset([])
}

data "aws_iam_policy_document" "s3_endpoint" {
  statement {
    sid    = "OwnBucketsWithOwnCredentials"
    effect = "Allow"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:GetObjectAttributes",
      "s3:GetObjectTagging",
      "s3:GetObjectVersion",
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:ListBucketVersions",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
      "s3:PutObjectTagging",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:s3:::${var.name}-*",
      "arn:${data.aws_partition.current.partition}:s3:::${var.name}-*/*",
    ]

    # A gateway endpoint's policy names principals by condition, not by ARN: "Principals for gateway endpoints" in
    # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    # Names of buckets are the whole world's: somebody else's may begin like ours.
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "dynamodb_endpoint" {
  statement {
    sid    = "OwnTablesWithOwnCredentials"
    effect = "Allow"
    # The service's, and those of `files-api keys` (docs/access.md).
    actions = [
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:Scan",
      "dynamodb:UpdateItem",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:table/${var.name}-*",
    ]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = data.aws_iam_policy_document.dynamodb_endpoint.json

  tags = { Name = "${var.name}-dynamodb" }
}

data "aws_iam_policy_document" "interface_endpoint" {
  for_each = local.interface_services

  statement {
    sid    = "OwnCredentials"
    effect = "Allow"
    # What the role may do is the role's business. Most of these calls take no resource at all (ssmmessages, X-Ray,
    # PutMetricData: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html),
    # so the lock is on whose credentials they are.
    actions   = ["${each.key == "monitoring" ? "cloudwatch" : each.key}:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_services

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = data.aws_iam_policy_document.interface_endpoint[each.key].json

  tags = { Name = "${var.name}-${each.key}" }
}
