# What the service is told, as parameters that `files-api-instance configure` reads when an instance starts. A new value
# is a new version of the launch template, too (its digest is in the user data): the instances are replaced as for a new
# image, in steps and with a way back, and there are never two opinions in one fleet for long.

locals {
  parameters_path = "/files-api/${var.environment}"
  settings_path   = "${local.parameters_path}/settings"
  settings_digest = sha256(jsonencode(var.settings))
}

resource "aws_ssm_parameter" "setting" {
  #checkov:skip=CKV2_AWS_34: Settings are no secrets; those are SecureString parameters under another path, made by the module access.
  for_each = var.settings

  name        = "${local.settings_path}/${each.key}"
  description = "A setting of the service: docs/settings.md"
  type        = "String"
  value       = each.value
}
