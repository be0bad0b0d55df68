variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    # A target group's name has 32 characters at most, and "-green" takes 6 of them.
    condition     = can(regex("^[a-z][a-z0-9-]{0,24}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 26 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Name of the environment: dev or prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters and digits, starting with a letter."
  }
}

variable "vpc_id" {
  description = "The VPC of the instances."
  type        = string
}

variable "public_subnet_ids" {
  description = "Public subnets, one a zone."
  type        = list(string)

  validation {
    condition     = length(var.public_subnet_ids) >= 2
    error_message = "public_subnet_ids must name two subnets or more, of different zones: AWS makes no load balancer with one."
  }
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "logs_bucket" {
  description = "Name of the bucket for access and connection logs, which lets the load balancer write."
  type        = string
}

variable "certificate_arn" {
  description = "ARN of the certificate, which must have been issued; null with plain_http."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of a certificate of ACM."
  }

  validation {
    condition     = (var.certificate_arn == null) == var.plain_http
    error_message = "Either a certificate_arn, or plain_http: without a certificate there is no HTTPS, and with one nothing in clear."
  }
}

variable "plain_http" {
  description = "Answer on port 80, unencrypted, and not on 443. For dev without a domain only."
  type        = bool
  default     = false

  validation {
    condition     = !var.plain_http || var.environment == "dev"
    error_message = "plain_http sends keys and files in clear, and is for the environment dev only."
  }
}

variable "traffic_weights" {
  description = "Which share of the requests each fleet gets: { blue = 95, green = 5 } for a canary. A fleet that is left out gets none."
  type        = map(number)
  default     = { blue = 100 }

  validation {
    condition     = length(setsubtract(keys(var.traffic_weights), ["blue", "green"])) == 0
    error_message = "traffic_weights are of the fleets blue and green."
  }

  validation {
    # TargetGroupTuple: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
    condition     = alltrue([for weight in values(var.traffic_weights) : weight >= 0 && weight <= 999 && floor(weight) == weight])
    error_message = "traffic_weights must be whole numbers from 0 to 999."
  }

  validation {
    condition     = length([for weight in values(var.traffic_weights) : weight if weight > 0]) > 0
    error_message = "traffic_weights must give requests to one fleet at least: nobody would answer them."
  }
}

variable "enable_fleet_header" {
  description = "Let a client choose the fleet by X-Files-Api-Fleet: blue or green, to test one that gets no requests otherwise."
  type        = bool
  default     = false
}

variable "service_port" {
  description = "TCP port on which the service listens."
  type        = number
  default     = 8000

  validation {
    condition     = var.service_port >= 1024 && var.service_port <= 65535 && floor(var.service_port) == var.service_port
    error_message = "service_port must be a whole number from 1024 to 65535: the service does not run as root."
  }
}

variable "idle_timeout_seconds" {
  description = "Seconds without a byte after which a connection is closed, also one whose client waits for its answer: longer than the longest generation."
  type        = number
  default     = 120

  validation {
    # AWS: from 1 to 4000. A generation may take FILES_API_GENERATION_DEADLINE_SECONDS, 100 by default.
    condition     = var.idle_timeout_seconds >= 110 && var.idle_timeout_seconds <= 4000 && floor(var.idle_timeout_seconds) == var.idle_timeout_seconds
    error_message = "idle_timeout_seconds must be a whole number from 110 to 4000: a generation may take 100."
  }
}

variable "deregistration_delay_seconds" {
  description = "Seconds that requests of an instance that leaves have to end. The service gives them as many."
  type        = number
  default     = 60

  validation {
    condition     = var.deregistration_delay_seconds >= 30 && var.deregistration_delay_seconds <= 3600 && floor(var.deregistration_delay_seconds) == var.deregistration_delay_seconds
    error_message = "deregistration_delay_seconds must be a whole number from 30 to 3600: with less, uploads are cut off by each deployment."
  }
}

variable "deletion_protection" {
  description = "Have AWS refuse to delete the load balancer."
  type        = bool
}
