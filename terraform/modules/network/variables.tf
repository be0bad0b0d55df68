variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Name of the environment, as it stands in the names of log groups: dev or prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters and digits, starting with a letter."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the VPC: a private network of /16 to /19."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.vpc_cidr))
    error_message = "vpc_cidr must be a network of private IPv4 addresses (RFC 1918), such as 10.20.0.0/16."
  }

  validation {
    # Public subnets are 256 times smaller than the VPC, and a load balancer needs a /27 (AWS: Application Load Balancers,
    # "Availability Zone subnets").
    condition     = can(regex("/1[6-9]$", var.vpc_cidr))
    error_message = "vpc_cidr must be a /16, /17, /18 or /19: with less, the load balancer's subnets are too small."
  }
}

variable "availability_zone_count" {
  description = "Zones that the system spreads over, each with a public and a private subnet."
  type        = number

  validation {
    condition     = contains([2, 3], var.availability_zone_count)
    error_message = "availability_zone_count must be 2 or 3: a load balancer needs two, and few regions have more than three."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone, so that losing one zone takes no other zone's way out; false: one for all."
  type        = bool
}

variable "enable_interface_endpoints" {
  description = "Keep calls of SSM, CloudWatch and X-Ray inside the VPC. They are billed by the hour, each in each zone."
  type        = bool
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the log group of the flow logs."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (not of an alias)."
  }
}

variable "flow_log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be a number of days that CloudWatch Logs knows: 7, 30, 90, 365, … (never 0, which keeps them for ever)."
  }
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

variable "plain_http" {
  description = "The load balancer answers on port 80, unencrypted, and not on 443. For dev without a domain only."
  type        = bool
  default     = false

  validation {
    condition     = !var.plain_http || var.environment == "dev"
    error_message = "plain_http sends keys and files in clear, and is for the environment dev only."
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
