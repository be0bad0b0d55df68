variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "domain_name" {
  description = "Name by which clients know the service: files.example.com. Null: none, and no certificate (plain_http, in dev alone)."
  type        = string
  default     = null

  validation {
    # ACM: 64 characters at most for the first name of a certificate (RFC 5280, commonName).
    condition     = var.domain_name == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name)) && length(coalesce(var.domain_name, "none")) <= 64
    error_message = "domain_name must be a host name in lower case, such as files.example.com: no https://, no *, no dot at its end, 64 characters at most."
  }

  validation {
    condition     = (var.domain_name == null) == (var.zone_id == null)
    error_message = "domain_name and zone_id go together: the name stands in a zone of Route 53."
  }
}

variable "zone_id" {
  description = "Id of the public zone of Route 53 that domain_name is in: Z0123456789ABCDEFGHIJ."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || can(regex("^[A-Z0-9]{1,32}$", var.zone_id))
    error_message = "zone_id must be the id of a zone, without /hostedzone/ before it."
  }
}

variable "load_balancer_arn" {
  description = "ARN of the load balancer that the firewall protects."
  type        = string
}

variable "load_balancer_dns_name" {
  description = "Amazon's own name of the load balancer."
  type        = string
}

variable "load_balancer_zone_id" {
  description = "Amazon's zone of that name."
  type        = string
}

variable "enable_deep_health" {
  description = "Let the internet ask /health/deep, a few times for each address: what the canary does. False: 404."
  type        = bool
  default     = false
}

variable "requests_per_address_per_5_minutes" {
  description = "Requests that one address may send in any five minutes. The standard plan allows a client 36,000 of them, and several may share an address."
  type        = number
  default     = 100000

  validation {
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    condition     = var.requests_per_address_per_5_minutes >= 10 && var.requests_per_address_per_5_minutes <= 2000000000 && floor(var.requests_per_address_per_5_minutes) == var.requests_per_address_per_5_minutes
    error_message = "requests_per_address_per_5_minutes must be a whole number from 10 to 2000000000."
  }
}

variable "generations_per_address_per_5_minutes" {
  description = "Generations that one address may ask for in any five minutes. The standard plan allows a client 300 of them."
  type        = number
  default     = 600

  validation {
    condition     = var.generations_per_address_per_5_minutes >= 10 && var.generations_per_address_per_5_minutes <= 2000000000 && floor(var.generations_per_address_per_5_minutes) == var.generations_per_address_per_5_minutes
    error_message = "generations_per_address_per_5_minutes must be a whole number from 10 to 2000000000."
  }

  validation {
    condition     = var.generations_per_address_per_5_minutes < var.requests_per_address_per_5_minutes
    error_message = "generations_per_address_per_5_minutes must be less than requests_per_address_per_5_minutes, which counts them, too."
  }
}

variable "logs_kms_key_arn" {
  description = "KMS key that encrypts the log group of the firewall."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.logs_kms_key_arn))
    error_message = "logs_kms_key_arn must be the ARN of a KMS key (not of an alias)."
  }
}

variable "firewall_log_retention_days" {
  description = "Days that the firewall's log is kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.firewall_log_retention_days)
    error_message = "firewall_log_retention_days must be a number of days that CloudWatch Logs knows: 7, 30, 90, 365, … (never 0, which keeps them for ever)."
  }
}
