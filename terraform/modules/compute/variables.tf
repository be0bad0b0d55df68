variable "name" {
  description = "Name of the system, and prefix of all its names: files-api-dev, say."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,25}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 27 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Name of the environment, as it stands in the paths of parameters: dev or prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters and digits, starting with a letter."
  }
}

# Where instances are --------------------------------------------------------------------------------------------------

variable "private_subnet_ids" {
  description = "Private subnets, one a zone, over which each fleet is spread."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "private_subnet_ids must name two subnets or more: a fleet in one zone is lost with it."
  }
}

variable "instance_security_group_id" {
  description = "Security group of the instances."
  type        = string
}

variable "instance_profile_name" {
  description = "Instance profile: what an instance may do in AWS."
  type        = string
}

variable "load_balancer_arn_suffix" {
  description = "End of the load balancer's ARN (app/NAME/ID), as CloudWatch names it."
  type        = string

  validation {
    condition     = can(regex("^app/", var.load_balancer_arn_suffix))
    error_message = "load_balancer_arn_suffix must begin with app/: it is the end of an Application Load Balancer's ARN."
  }
}

variable "target_group_arns" {
  description = "ARN of the target group of each fleet."
  type        = map(string)
}

variable "target_group_arn_suffixes" {
  description = "End of the ARN of each fleet's target group (targetgroup/NAME/ID), as CloudWatch names it."
  type        = map(string)
}

# What runs ------------------------------------------------------------------------------------------------------------

variable "fleets" {
  description = "Fleets that there are, by colour, and how many instances each may have. One serves; a second one is there while a deployment goes from one to the other."
  type = map(object({
    min_size = number
    max_size = number
  }))

  validation {
    condition     = length(var.fleets) > 0 && length(setsubtract(keys(var.fleets), ["blue", "green"])) == 0
    error_message = "fleets must be blue, green, or both: those have target groups."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : fleet.min_size >= 0 && fleet.max_size >= 1 && fleet.min_size <= fleet.max_size])
    error_message = "In fleets, max_size must be 1 or more, and min_size from 0 to max_size."
  }

  validation {
    condition = alltrue([
      for fleet in keys(var.fleets) : contains(keys(var.target_group_arns), fleet) && contains(keys(var.target_group_arn_suffixes), fleet)
    ])
    error_message = "Each of the fleets needs an entry in target_group_arns and in target_group_arn_suffixes."
  }
}

variable "architectures" {
  description = "Processor architectures, the preferred one first. Each has an image of its own."
  type        = list(string)

  validation {
    condition     = length(var.architectures) > 0 && length(setsubtract(var.architectures, ["x86_64", "arm64"])) == 0 && length(distinct(var.architectures)) == length(var.architectures)
    error_message = "architectures must be x86_64, arm64, or both, each once."
  }
}

variable "instance_types" {
  description = "Instance types of each architecture, the preferred one first. All should have as many virtual CPUs: a target of requests per instance means the same for each."
  type        = map(list(string))

  validation {
    condition     = alltrue([for architecture in var.architectures : length(lookup(var.instance_types, architecture, [])) > 0])
    error_message = "instance_types must have a type for each of the architectures."
  }

  validation {
    # AWS: the processor family of a type ends in g (Graviton), before its options: c7g, c7gn, t4g, m8gd.
    condition = alltrue(flatten([
      for architecture, types in var.instance_types : [
        for type in types : can(regex("^[a-z]+[0-9]+[a-z-]*\\.[a-z0-9-]+$", type)) && (can(regex("^[a-z]+[0-9]+g", type)) == (architecture == "arm64"))
      ]
    ]))
    error_message = "instance_types must name types such as m7i.large under x86_64 and m7g.large under arm64: an image does not boot on the other's processors."
  }
}

variable "enable_mixed_instances" {
  description = "Let a fleet have several instance types, several architectures, or spot instances."
  type        = bool
  default     = false

  validation {
    condition     = var.enable_mixed_instances || (length(var.architectures) == 1 && alltrue([for types in [lookup(var.instance_types, var.architectures[0], [])] : length(types) <= 1]))
    error_message = "Without enable_mixed_instances there is one architecture, with one instance type."
  }
}

variable "spot_percentage" {
  description = "Percentage of the instances that are spot instances: cheaper, and taken away with two minutes' notice."
  type        = number
  default     = 0

  validation {
    condition     = var.spot_percentage >= 0 && var.spot_percentage <= 100 && floor(var.spot_percentage) == var.spot_percentage
    error_message = "spot_percentage must be a whole number from 0 to 100."
  }

  validation {
    condition     = var.spot_percentage == 0 || var.enable_mixed_instances
    error_message = "A spot_percentage needs enable_mixed_instances."
  }
}

variable "root_volume_gib" {
  description = "Size of an instance's disk, in GiB. Files never touch it; logs and the system do."
  type        = number
  default     = 16

  validation {
    condition     = var.root_volume_gib >= 8 && var.root_volume_gib <= 1024 && floor(var.root_volume_gib) == var.root_volume_gib
    error_message = "root_volume_gib must be a whole number from 8 (what the image needs) to 1024."
  }
}

variable "settings" {
  description = "Settings of the service (docs/settings.md), by name. Written as plain SSM parameters, so no secrets."
  type        = map(string)

  validation {
    condition     = alltrue([for setting in keys(var.settings) : can(regex("^[A-Z][A-Z0-9_]*$", setting))])
    error_message = "settings must have names of environment variables: capitals, digits and underscores."
  }

  validation {
    # A String parameter of the standard tier: 1 byte to 4 KiB. SSM takes {{…}} for a reference.
    condition     = alltrue([for value in values(var.settings) : length(value) >= 1 && length(value) <= 4096 && !can(regex("[\\r\\n]|\\{\\{", value))])
    error_message = "settings must have values of 1 to 4096 characters, on one line, without {{: SSM takes no others. Leave out what is not set."
  }

  validation {
    condition     = length(setintersection(keys(var.settings), ["OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])) == 0
    error_message = "settings must hold no secrets: the key for OpenAI has a SecureString parameter, and credentials come from the instance profile."
  }
}

# Scaling --------------------------------------------------------------------------------------------------------------

variable "requests_per_target_per_minute" {
  description = "Requests a minute that one instance should serve on average; more or fewer scale the fleet."
  type        = number

  validation {
    condition     = var.requests_per_target_per_minute > 0
    error_message = "requests_per_target_per_minute must be more than 0."
  }
}

variable "cpu_target_percent" {
  description = "CPU, in percent, that the instances should use on average; what uploads of large files scale by."
  type        = number
  default     = 50

  validation {
    condition     = var.cpu_target_percent >= 10 && var.cpu_target_percent <= 90
    error_message = "cpu_target_percent must be from 10 to 90: above, there is no room for what comes while instances start."
  }
}

variable "enable_predictive_scaling" {
  description = "Scale ahead of what recurs by the hour and the day. AWS needs a day of history, and two weeks to be good."
  type        = bool
  default     = false
}

variable "enable_warm_pool" {
  description = "Keep stopped instances that have booted once, so that scaling out is a start instead of a launch."
  type        = bool
  default     = false

  validation {
    # "You can't add a warm pool to Auto Scaling groups that have a mixed instances policy or that launch Spot
    # Instances" (EC2 Auto Scaling user guide, "Warm pools", Limitations).
    condition     = !(var.enable_warm_pool && var.enable_mixed_instances)
    error_message = "enable_warm_pool and enable_mixed_instances exclude each other: AWS refuses a warm pool for mixed instances and for spot."
  }
}

# Replacing ------------------------------------------------------------------------------------------------------------

variable "rollback_alarm_names" {
  description = "CloudWatch alarms that stop a refresh of the instances and roll it back."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.rollback_alarm_names) <= 10
    error_message = "rollback_alarm_names must be ten or fewer: AWS takes no more."
  }
}

variable "refresh_checkpoint_percentages" {
  description = "Percentages of new instances at which a refresh waits and the alarms have time to ring."
  type        = list(number)
  default     = [34, 100]

  validation {
    condition = (
      length(var.refresh_checkpoint_percentages) > 0
      && alltrue([for index, percentage in var.refresh_checkpoint_percentages : percentage >= 1 && percentage <= 100 && (index == 0 || percentage > var.refresh_checkpoint_percentages[max(index - 1, 0)])])
      && try(var.refresh_checkpoint_percentages[length(var.refresh_checkpoint_percentages) - 1], 0) == 100
    )
    error_message = "refresh_checkpoint_percentages must ascend from 1 or more to 100: a refresh ends at the last one."
  }
}

variable "refresh_checkpoint_delay_seconds" {
  description = "Seconds that a refresh waits at each checkpoint; longer than an alarm takes to ring."
  type        = number
  default     = 600

  validation {
    condition     = var.refresh_checkpoint_delay_seconds >= 0 && var.refresh_checkpoint_delay_seconds <= 172800
    error_message = "refresh_checkpoint_delay_seconds must be from 0 to 172800, two days."
  }
}

variable "max_instance_lifetime_days" {
  description = "Days after which an instance is replaced, so that none gets old unnoticed."
  type        = number
  default     = 30

  validation {
    condition     = var.max_instance_lifetime_days >= 1 && var.max_instance_lifetime_days <= 365 && floor(var.max_instance_lifetime_days) == var.max_instance_lifetime_days
    error_message = "max_instance_lifetime_days must be a whole number from 1 to 365."
  }
}
