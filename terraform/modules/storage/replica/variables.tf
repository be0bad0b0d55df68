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
  description = "Refuse to destroy or replace the copies. False also lets the bucket be destroyed with the files in it."
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
