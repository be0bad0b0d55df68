# Builds images: the pipeline's Packer, and the instance on which it builds. Everything that it makes it tags at birth
# (Project, Purpose), and it may touch only what has these tags.

locals {
  image_tags = { Project = local.project, Purpose = "image" }
  # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html: these take tags when they make.
  image_makes = ["image", "instance", "key-pair", "network-interface", "security-group", "snapshot", "volume"]
}

data "aws_iam_policy_document" "image" {
  #checkov:skip=CKV_AWS_356:ec2:Describe* knows no resources; see the statement

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
  statement {
    sid       = "Look"
    effect    = "Allow"
    actions   = ["ec2:Describe*"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  # What is made, with the tags.
  statement {
    sid    = "Make"
    effect = "Allow"
    actions = [
      "ec2:CreateImage",
      "ec2:CreateKeyPair",
      "ec2:CreateSecurityGroup",
      "ec2:RunInstances",
    ]
    resources = [
      for kind in local.image_makes :
      "arn:${local.partition}:ec2:${var.region}:${contains(["image", "snapshot"], kind) ? "" : local.account_id}:${kind}/*"
    ]

    dynamic "condition" {
      for_each = local.image_tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # What it is made from and in: any image to begin with, the account's networks, and what this role has made before.
  statement {
    sid     = "MakeFrom"
    effect  = "Allow"
    actions = ["ec2:CreateSecurityGroup", "ec2:RunInstances"]
    resources = [
      "arn:${local.partition}:ec2:${var.region}::image/*",
      "${local.arn.ec2}:subnet/*",
      "${local.arn.ec2}:vpc/*",
    ]
  }

  statement {
    sid    = "UseItsOwn"
    effect = "Allow"
    actions = [
      "ec2:AuthorizeSecurityGroupEgress",
      "ec2:AuthorizeSecurityGroupIngress",
      "ec2:CreateImage",
      "ec2:DeleteKeyPair",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteSnapshot",
      "ec2:DeleteVolume",
      "ec2:DeregisterImage",
      "ec2:ModifyImageAttribute",
      "ec2:ModifyInstanceAttribute",
      "ec2:RevokeSecurityGroupEgress",
      "ec2:RevokeSecurityGroupIngress",
      "ec2:RunInstances",
      "ec2:StopInstances",
      "ec2:TerminateInstances",
    ]
    resources = [
      for kind in local.image_makes :
      "arn:${local.partition}:ec2:${var.region}:${contains(["image", "snapshot"], kind) ? "" : local.account_id}:${kind}/*"
    ]

    dynamic "condition" {
      for_each = local.image_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "TagWhatIsBeingMade"
    effect    = "Allow"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:${local.partition}:ec2:${var.region}:*:*/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateImage", "CreateKeyPair", "CreateSecurityGroup", "RunInstances"]
    }
  }

  # Later, when the image is there: which commit it is of, say.
  statement {
    sid       = "TagItsOwn"
    effect    = "Allow"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:${local.partition}:ec2:${var.region}:*:*/*"]

    dynamic "condition" {
      for_each = local.image_tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "FindImageToBeginWith"
    effect    = "Allow"
    actions   = ["ssm:GetParameter", "ssm:GetParameters"]
    resources = ["arn:${local.partition}:ssm:${var.region}::parameter/aws/service/*"]
  }

  # The way in is a session, not an open port.
  statement {
    sid       = "EnterItsInstance"
    effect    = "Allow"
    actions   = ["ssm:StartSession"]
    resources = ["${local.arn.ec2}:instance/*"]

    dynamic "condition" {
      for_each = local.image_tags

      content {
        test     = "StringEquals"
        variable = "ssm:resourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "ForwardAPort"
    effect    = "Allow"
    actions   = ["ssm:StartSession"]
    resources = ["arn:${local.partition}:ssm:${var.region}::document/AWS-StartPortForwardingSession"]
  }

  statement {
    sid       = "EndItsSessions"
    effect    = "Allow"
    actions   = ["ssm:ResumeSession", "ssm:TerminateSession"]
    resources = ["${local.arn.ssm}:session/$${aws:userid}-*", "${local.arn.ssm}:session/GitHubActions-*"]
  }

  statement {
    sid       = "GiveTheInstanceItsRole"
    effect    = "Allow"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.image_builder.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }

  # Packer looks whether the profile is there.
  statement {
    sid       = "FindTheProfile"
    effect    = "Allow"
    actions   = ["iam:GetInstanceProfile"]
    resources = ["${local.iam}:instance-profile/${local.project}-image-builder"]
  }
}

resource "aws_iam_role" "image" {
  name                 = "${local.project}-github-image"
  description          = "The pipeline, building images"
  assume_role_policy   = data.aws_iam_policy_document.github_trust["image"].json
  max_session_duration = 7200 # seconds; a build of two architectures takes its time
}

resource "aws_iam_role_policy" "image" {
  name   = "image"
  role   = aws_iam_role.image.id
  policy = data.aws_iam_policy_document.image.json
}

# The instance on which an image is built: a session, and nothing else.
data "aws_iam_policy_document" "image_builder_trust" {
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

data "aws_iam_policy_document" "image_builder" {
  #checkov:skip=CKV_AWS_111:Channels know no resources; see the statement
  #checkov:skip=CKV_AWS_356:Channels know no resources; see the statement

  statement {
    sid       = "BeManaged"
    effect    = "Allow"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["${local.arn.ec2}:instance/*"]
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
  statement {
    sid    = "OpenSessions"
    effect = "Allow"
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "image_builder" {
  name               = "${local.project}-image-builder"
  description        = "An instance on which an image is built"
  assume_role_policy = data.aws_iam_policy_document.image_builder_trust.json
}

resource "aws_iam_role_policy" "image_builder" {
  name   = "session"
  role   = aws_iam_role.image_builder.id
  policy = data.aws_iam_policy_document.image_builder.json
}

resource "aws_iam_instance_profile" "image_builder" {
  name = "${local.project}-image-builder"
  role = aws_iam_role.image_builder.name
}
