# What a person decides. What only makes dev dev stands in main.tf.

# Where -----------------------------------------------------------------------------------------------------------------

variable "region" {
  description = "The AWS region, which is also that of terraform/bootstrap."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-central-1."
  }
}

variable "github_repository" {
  description = "The repository that all this comes of, OWNER/REPOSITORY: a tag on everything."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be OWNER/REPOSITORY."
  }
}

variable "domain_name" {
  description = "Name by which clients know the service: files-dev.example.com. Null where there is none, with plain_http."
  type        = string
  default     = null

  validation {
    condition     = (var.domain_name == null) == var.plain_http
    error_message = "Either a domain_name with its zone_id, or plain_http = true, which sends keys and files in clear."
  }
}

variable "zone_id" {
  description = "Id of the public zone of Route 53 that domain_name is in."
  type        = string
  default     = null
}

variable "plain_http" {
  description = "DEV ONLY: try the system out without a domain. The load balancer answers on port 80, and keys and files go in clear."
  type        = bool
  default     = false
}

variable "vpc_cidr" {
  description = "Addresses of the VPC: a private network of /16 to /19, apart from whatever it shall ever be joined with."
  type        = string
  default     = "10.20.0.0/16"
}

variable "enable_interface_endpoints" {
  description = "Keep calls of SSM, CloudWatch and X-Ray inside the VPC. They are billed by the hour, each in each zone."
  type        = bool
  default     = false
}

# Instances -------------------------------------------------------------------------------------------------------------

variable "fleets" {
  description = "How many instances each fleet may have. One serves; the other one is empty, but for while a deployment goes from one to the other. Each needs its images (`make ami`), also when it is empty."
  type = map(object({
    min_size = number
    max_size = number
  }))

  validation {
    condition     = toset(keys(var.fleets)) == toset(["blue", "green"])
    error_message = "fleets must be blue and green: give the one that does not serve min_size = 0."
  }
}

variable "traffic_weights" {
  description = "Which share of the requests each fleet gets: { blue = 95, green = 5 } for a canary. A fleet that is left out gets none."
  type        = map(number)
  default     = { blue = 100 }

  validation {
    condition     = alltrue([for fleet, weight in var.traffic_weights : weight == 0 || try(var.fleets[fleet].min_size, 0) > 0])
    error_message = "traffic_weights give requests to a fleet that may have no instance: raise its min_size in fleets first."
  }
}

variable "enable_fleet_header" {
  description = "Let a client choose the fleet by X-Files-Api-Fleet: blue or green, to test one that gets no requests otherwise."
  type        = bool
  default     = false
}

variable "architectures" {
  description = "Processor architectures, the preferred one first: arm64, x86_64. Each needs an image (`make ami`)."
  type        = list(string)
  default     = ["arm64"]
}

variable "instance_types" {
  description = "Instance types of each architecture, the preferred one first, all with as many virtual CPUs."
  type        = map(list(string))
}

variable "worker_processes" {
  description = "Worker processes on an instance: its virtual CPUs."
  type        = number
  default     = 2
}

variable "enable_mixed_instances" {
  description = "Let a fleet have several instance types, several architectures, or spot instances."
  type        = bool
  default     = false
}

variable "spot_percentage" {
  description = "Percentage of the instances that are spot instances: cheaper, and taken away with two minutes' notice."
  type        = number
  default     = 0
}

variable "requests_per_target_per_minute" {
  description = "Requests a minute that one instance should serve on average; more or fewer scale the fleet."
  type        = number
}

variable "enable_predictive_scaling" {
  description = "Scale ahead of what recurs by the hour and the day."
  type        = bool
  default     = false
}

variable "enable_warm_pool" {
  description = "Keep stopped instances that have booted once. Not with enable_mixed_instances."
  type        = bool
  default     = false
}

variable "enable_rollback_alarms" {
  description = "Have alarms stop a deployment and take it back. False for the one deployment that mends what an alarm is on about."
  type        = bool
  default     = true
}

variable "extra_settings" {
  description = "More settings of docs/settings.md, by name; they win over the ones that Terraform makes."
  type        = map(string)
  default     = {}
}

# Files -----------------------------------------------------------------------------------------------------------------

variable "cors_origins" {
  description = "Origins of browser applications that may call: https://app.example.com."
  type        = list(string)
  default     = []
}

variable "enable_intelligent_tiering" {
  description = "Let S3 move files that nobody reads to cheaper storage."
  type        = bool
  default     = false
}

variable "enable_backup" {
  description = "Back the bucket and the table of keys up with AWS Backup, every day."
  type        = bool
  default     = false
}

variable "enable_replication" {
  description = "Keep a copy of every file in replica_region."
  type        = bool
  default     = false
}

variable "replica_region" {
  description = "The region of the copies."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.replica_region))
    error_message = "replica_region must be the name of an AWS region, such as eu-west-1."
  }

  validation {
    condition     = !var.enable_replication || var.replica_region != var.region
    error_message = "replica_region must be another region than region: a copy in the same one is lost with it."
  }
}

# Who calls, and how often ----------------------------------------------------------------------------------------------

variable "enable_cognito" {
  description = "Make a Cognito user pool that issues tokens to machines."
  type        = bool
  default     = false
}

variable "enable_valkey" {
  description = "Count requests of the whole fleet together, in ElastiCache for Valkey; false: each process by itself."
  type        = bool
  default     = false
}

# Who is told -----------------------------------------------------------------------------------------------------------

variable "alert_emails" {
  description = "Addresses that are told: of pages, which cannot wait, and of tickets, which can. Each must confirm by the link that Amazon sends it."
  type = object({
    page   = optional(set(string), [])
    ticket = optional(set(string), [])
  })
  default = {}
}

variable "enable_synthetics" {
  description = "A canary that calls the service from outside every five minutes: about 10 US dollars a month. Needs domain_name."
  type        = bool
  default     = false
}

variable "synthetics_key_parameter" {
  description = "Name of the SecureString parameter with the canary's API key (docs/infrastructure.md tells how it is made). Null: it asks for the health alone."
  type        = string
  default     = null
}

variable "enable_budget" {
  description = "A monthly budget for the account, which tells before it is spent."
  type        = bool
  default     = false
}

variable "monthly_budget_usd" {
  description = "What the account may cost in a month, in US dollars."
  type        = number
  default     = null
}
