variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    # An S3 bucket's name has 63 characters at most; "-replica-" and the account's number take 21 of them.
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "deletion_protection" {
  description = "Refuse to destroy or replace the bucket, the tables and their key. False also lets a bucket be destroyed with the files in it."
  type        = bool
}

variable "noncurrent_version_days" {
  description = "Days that a replaced or deleted file can still be restored."
  type        = number

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 3650 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days must be a whole number from 1 to 3650."
  }
}

variable "log_retention_days" {
  description = "Days that the access logs of the load balancer and of the bucket are kept."
  type        = number

  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number from 1 to 3650."
  }
}

variable "cors_origins" {
  description = "Origins of browser applications that may follow ?redirect=true to the bucket: the service's FILES_API_CORS_ORIGINS, or * since a browser may send \"null\" after a redirect to another origin. None by default."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : origin == "*" || can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", origin))])
    error_message = "cors_origins must be origins such as https://app.example.com (no path, no slash at the end), or *."
  }
}

variable "enable_intelligent_tiering" {
  description = "Let S3 move files that nobody reads to cheaper storage. Each file above 128 KiB costs a little monitoring."
  type        = bool
  default     = false
}

variable "enable_replication" {
  description = "Keep a copy of every file in another region: needs replica."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_replication || var.replica != null
    error_message = "enable_replication needs replica: what the module storage/replica has made in another region."
  }
}

variable "replica" {
  description = "Where the copies go: the outputs of the module ./replica."
  type = object({
    bucket_arn  = string
    kms_key_arn = string
    region      = string
  })
  default = null
}

variable "enable_backup" {
  description = "Back the bucket and the tables up with AWS Backup, every day."
  type        = bool
  default     = false
}

variable "backup_retention_days" {
  description = "Days that a backup is kept."
  type        = number
  default     = 35

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 3650 && floor(var.backup_retention_days) == var.backup_retention_days
    error_message = "backup_retention_days must be a whole number from 1 to 3650."
  }
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
