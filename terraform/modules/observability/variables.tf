variable "name" {
  description = "Name of the stack, with which the names of its parts begin."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter: the canary's bucket has no room for more."
  }
}

variable "environment" {
  description = "Name of the environment, as in FILES_API_ENVIRONMENT: part of the names of log groups, alarms and metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters and digits, starting with a letter."
  }
}

variable "load_balancer_arn_suffix" {
  description = "The load balancer as CloudWatch names it: app/NAME/ID."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "The target group that serves, as CloudWatch names it: targetgroup/NAME/ID. While two fleets serve, that of the one that stays."
  type        = string
}

variable "auto_scaling_group_name" {
  description = "The Auto Scaling group that serves. While two fleets serve, the one that stays."
  type        = string
}

variable "files_bucket" {
  description = "Name of the bucket that holds the files."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the service's log is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "audit_retention_days" {
  description = "Days that the audit log and the record of deployments are kept."
  type        = number
  default     = 400

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.audit_retention_days)
    error_message = "The audit log is kept for at least a year: 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "alert_emails" {
  description = "Addresses that are told: of pages, which cannot wait, and of tickets, which can. Each must confirm by the link that Amazon sends it."
  type = object({
    page   = optional(set(string), [])
    ticket = optional(set(string), [])
  })
  default = {}

  validation {
    condition = alltrue([
      for address in setunion(var.alert_emails.page, var.alert_emails.ticket) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))
    ])
    error_message = "alert_emails are addresses of the form somebody@example.com."
  }
}

variable "enable_synthetics" {
  description = "A canary that calls the service from outside: about 10 US dollars a month at every 5 minutes."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_synthetics || var.url != null
    error_message = "enable_synthetics needs url: a canary has to know what to call."
  }
}

variable "url" {
  description = "Where clients reach the service, for the canary: https://files.example.com."
  type        = string
  default     = null

  validation {
    # Its key goes there.
    condition     = var.url == null || can(regex("^https://[^/\\s]+$", var.url))
    error_message = "url begins with https:// and ends with the host: the canary sends its key there."
  }
}

variable "synthetics_interval_minutes" {
  description = "Minutes from one run of the canary to the next."
  type        = number
  default     = 5

  validation {
    condition     = var.synthetics_interval_minutes >= 1 && var.synthetics_interval_minutes <= 60 && floor(var.synthetics_interval_minutes) == var.synthetics_interval_minutes
    error_message = "synthetics_interval_minutes is a whole number from 1 to 60."
  }
}

variable "synthetics_key_parameter" {
  description = "Name of the SecureString parameter with the canary's API key (docs/infrastructure.md tells how it is made). Null: no round trip, health checks alone."
  type        = string
  default     = null

  validation {
    condition     = var.synthetics_key_parameter == null || can(regex("^/[a-zA-Z0-9_./-]+$", var.synthetics_key_parameter))
    error_message = "synthetics_key_parameter is the full name of a parameter and begins with a slash."
  }

  validation {
    condition     = var.synthetics_key_parameter == null || var.synthetics_key_parameter_kms_key_arn != null
    error_message = "synthetics_key_parameter needs synthetics_key_parameter_kms_key_arn, to be decrypted."
  }
}

variable "synthetics_key_parameter_kms_key_arn" {
  description = "ARN of the KMS key that encrypts synthetics_key_parameter."
  type        = string
  default     = null
}

variable "enable_budget" {
  description = "A monthly budget for the account, which becomes a ticket at 80 % spent and where the forecast is above it."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_budget || var.monthly_budget_usd != null
    error_message = "enable_budget needs monthly_budget_usd."
  }
}

variable "monthly_budget_usd" {
  description = "What the account may cost in a month, in US dollars."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd is more than 0."
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
