variable "region" {
  type        = string
  description = "The AWS region that the image is built in, and is for."
}

variable "manifest" {
  type        = string
  description = "The file that the image's id is written to. The path must be absolute."
}

variable "commit" {
  type        = string
  description = "The commit of this checkout: a tag of the image, and what /version tells."
}

variable "service_version" {
  type        = string
  description = "The version of the service, as pyproject.toml has it."
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  description = "The processor: x86_64 or arm64."
}

variable "instance_type" {
  type        = string
  default     = ""
  description = "What the image is built on; empty for a small one of the architecture."
}

variable "subnet_id" {
  type        = string
  default     = ""
  description = "A subnet with a way out, to build in; empty for one of the default VPC."
}

# Agents, pinned in agents.auto.pkrvars.hcl, which docs/image.md tells how to write. Each hash is of one version for one
# architecture.
variable "ssm_agent_version" {
  type        = string
  description = "The version of the SSM agent."
}

variable "ssm_agent_sha256" {
  type        = map(string)
  description = "SHA-256 of the SSM agent's package, for each architecture."
}

variable "telemetry_agent_version" {
  type        = string
  description = "The version of the CloudWatch agent."
}

variable "telemetry_agent_sha256" {
  type        = map(string)
  description = "SHA-256 of the CloudWatch agent's package, for each architecture."
}

variable "extra_ansible_variables" {
  type        = map(string)
  default     = {}
  description = "More variables of the playbook, such as another place of the agents' packages (ssm_agent_url)."
}

# Where the tests lead Packer: to an EC2 that is stood in for, and to a machine of their own.
variable "ec2_endpoint" {
  type        = string
  default     = ""
  description = "Another EC2 than Amazon's, as a URL."
}

variable "ssh_host" {
  type        = string
  default     = ""
  description = "Another machine than the instance, by its address."
}

variable "ssh_private_key_file" {
  type        = string
  default     = ""
  description = "A key that is let in there; empty for one that is made for this build and removed with it."
}
