# The key for OpenAI. Terraform makes the parameter, so that role and key policy have a name to speak of, and writes into it
# once, when it makes it, what is no key: the service answers 503 "generation_not_configured" until an operator has put
# one there. The value is write-only: it is in no plan and in no state, and what an operator has put there is no drift.

locals {
  openai_key_parameter = "${local.parameters}/secrets/openai-api-key"
}

resource "aws_ssm_parameter" "openai_key" {
  name        = local.openai_key_parameter
  description = "The key for OpenAI. Its value is an operator's to set and to rotate, not Terraform's."
  type        = "SecureString"
  key_id      = var.data_kms_key_arn
  tier        = "Standard"

  value_wo         = "not set" # with a space, which no key has
  value_wo_version = 1         # another number would overwrite what an operator has put there

  lifecycle {
    # What `aws ssm put-parameter --overwrite` sets anew with each value. Terraform could not put it right: to change
    # anything of a parameter it would have to send the value, which it does not have.
    ignore_changes = [description, key_id, tier]
  }
}
