data "aws_region" "current" {}

# Auto Scaling passes on tags of the group to instances alone, and the provider's default tags to neither instances nor
# volumes.
data "aws_default_tags" "current" {}

locals {
  user_data = templatefile("${path.module}/user_data.yaml.tftpl", {
    environment     = var.environment
    region          = data.aws_region.current.name
    parameters      = local.parameters_path
    settings_digest = local.settings_digest
  })
}

resource "aws_launch_template" "this" {
  for_each = local.images

  name          = "${var.name}-${each.key}"
  description   = "An instance of the ${each.value.fleet} fleet, ${each.value.architecture}"
  image_id      = data.aws_ssm_parameter.ami[each.key].insecure_value
  instance_type = var.instance_types[each.value.architecture][0]
  user_data     = base64encode(local.user_data)
  ebs_optimized = true

  # An instance that shuts itself down is of no use to anybody.
  instance_initiated_shutdown_behavior = "terminate"

  # In private subnets, which give out no public addresses. No key pair: people come by Session Manager.
  vpc_security_group_ids = [var.instance_security_group_id]

  iam_instance_profile {
    name = var.instance_profile_name
  }

  # Session tokens (IMDSv2), which end at the instance itself: a request that the service is talked into making, or a
  # container on it, gets no credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    # What the programs on the instance learn their fleet and their target group from, without rights to ask EC2.
    instance_metadata_tags = "enabled"
  }

  # By the minute: target tracking on CPU sees five minutes late otherwise.
  monitoring {
    enabled = true
  }

  block_device_mappings {
    # The root device of Debian's images, and so of ours.
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume_gib
      delete_on_termination = true
      # With the account's key for EBS. A key of our own would need a grant for Auto Scaling's service-linked role, and
      # there is nothing on this disk but the system and logs.
      encrypted = true
    }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = merge(data.aws_default_tags.current.tags, { Name = "${var.name}-${each.value.fleet}" })
  }

  # So that whoever launches an instance by hand gets what the fleet runs. The groups name the version itself.
  update_default_version = true

  lifecycle {
    create_before_destroy = true
  }
}
