variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Name of the environment, as it stands in the names of parameters and log groups: dev or prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters and digits, starting with a letter."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the user pool."
  type        = bool
}

variable "files_bucket_arn" {
  description = "ARN of the bucket that holds the files."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.files_bucket_arn))
    error_message = "files_bucket_arn must be the ARN of a bucket, with nothing behind its name."
  }
}

variable "files_prefix" {
  description = "What the keys of all files begin with. Empty unless the bucket is shared with something else and every credential has a root (docs/access.md) below it."
  type        = string
  default     = ""

  validation {
    condition     = var.files_prefix == "" || can(regex("^[A-Za-z0-9_.-][A-Za-z0-9_./-]*/$", var.files_prefix))
    error_message = "files_prefix must be empty, or a directory such as shop/files/: a slash at its end, none at its beginning, no wildcard."
  }
}

variable "keys_table_arn" {
  description = "ARN of the table of API keys."
  type        = string
}

variable "state_table_arn" {
  description = "ARN of the table of idempotency keys and quotas."
  type        = string
}

variable "data_kms_key_arn" {
  description = "ARN of the KMS key that encrypts files, tables and secrets."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.data_kms_key_arn))
    error_message = "data_kms_key_arn must be the ARN of a KMS key (not of an alias): IAM does not know aliases as resources."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the environment's log groups."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.logs_kms_key_arn))
    error_message = "logs_kms_key_arn must be the ARN of a KMS key (not of an alias)."
  }
}

variable "service_log_group_arn" {
  description = "ARN of the log group of the service's log, without :* at its end."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+$", var.service_log_group_arn))
    error_message = "service_log_group_arn must be the ARN of a log group, without :* at its end."
  }
}

variable "audit_log_group_arn" {
  description = "ARN of the log group of the audit log, without :* at its end."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^:*]+$", var.audit_log_group_arn))
    error_message = "audit_log_group_arn must be the ARN of a log group, without :* at its end."
  }
}

variable "target_group_arns" {
  description = "ARNs of the load balancer's target groups, by fleet."
  type        = map(string)

  validation {
    condition     = length(var.target_group_arns) > 0
    error_message = "target_group_arns must name a target group: an instance takes itself out of it before it stops."
  }
}

variable "auto_scaling_group_names" {
  description = "Names of the Auto Scaling groups whose instances have this role."
  type        = set(string)

  validation {
    condition     = length(var.auto_scaling_group_names) > 0 && alltrue([for group in var.auto_scaling_group_names : can(regex("^[A-Za-z0-9._-]+$", group))])
    error_message = "auto_scaling_group_names must be names, without wildcards, and at least one."
  }
}

variable "enable_key_management" {
  description = "Let operators manage API keys in a session on an instance (docs/access.md). Whoever breaks into an instance can then make keys, too; false where operators have credentials of their own for the table."
  type        = bool
  default     = true
}

variable "enable_cognito" {
  description = "Make a Cognito user pool that issues tokens to machines."
  type        = bool
  default     = false
}

variable "cognito_clients" {
  description = "The machines that get tokens, by name, and their scopes."
  type        = map(set(string))
  default     = { machine = ["files:read", "files:write", "files:delete", "files:generate"] }

  validation {
    condition = alltrue(flatten([
      for scopes in values(var.cognito_clients) : [for scope in scopes : contains(["files:read", "files:write", "files:delete", "files:generate"], scope)]
    ]))
    error_message = "cognito_clients have scopes of the service: files:read, files:write, files:delete, files:generate."
  }

  validation {
    condition     = length(var.cognito_clients) > 0 && alltrue([for scopes in values(var.cognito_clients) : length(scopes) > 0])
    error_message = "cognito_clients must name at least one machine, each with at least one scope: Cognito issues no token without."
  }
}

variable "enable_valkey" {
  description = "Count requests of the whole fleet together, in ElastiCache for Valkey; false: each process by itself."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_valkey || (var.valkey_security_group_id != null && length(var.private_subnet_ids) > 0)
    error_message = "enable_valkey needs valkey_security_group_id and private_subnet_ids."
  }
}

variable "valkey_node_count" {
  description = "Nodes of Valkey: 1, or more to go on when a zone is lost."
  type        = number
  default     = 1

  validation {
    condition     = var.valkey_node_count >= 1 && var.valkey_node_count <= 6 && floor(var.valkey_node_count) == var.valkey_node_count
    error_message = "valkey_node_count must be a whole number from 1 to 6."
  }
}

variable "private_subnet_ids" {
  description = "Subnets for Valkey."
  type        = list(string)
  default     = []
}

variable "valkey_security_group_id" {
  description = "Security group of Valkey."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "IAM policy that bounds what the roles made here can ever do; the pipeline may make none without it (terraform/bootstrap). Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}
