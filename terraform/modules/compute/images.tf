# Which image each fleet runs. `make ami` and `make deploy` write the id into a parameter, and it is read here when the
# plan is made: the launch template holds the id itself. With an alias (resolve:ssm:…) AWS would look it up at each
# launch, so that a fleet could be of two images, and refuses to roll a refresh back.

locals {
  images = merge([
    for fleet in keys(var.fleets) : {
      for architecture in var.architectures : "${fleet}-${architecture}" => { fleet = fleet, architecture = architecture }
    }
  ]...)
}

data "aws_ssm_parameter" "ami" {
  for_each = local.images

  name = "/files-api/${var.environment}/ami/${each.value.fleet}/${each.value.architecture}"

  lifecycle {
    postcondition {
      condition     = can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", self.insecure_value))
      error_message = "The parameter ${self.name} holds no AMI id: build an image with `make ami`, or name one with `make deploy AMI=ami-…`."
    }
  }
}
