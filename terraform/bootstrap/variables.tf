variable "region" {
  description = "The region of the state, of the images and of the environments."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-central-1."
  }
}

variable "environments" {
  description = "The environments of this account, by name, which is also that of GitHub's environment. destroyable: the pipeline may delete files and tables, as `make tf-destroy` of a development environment does."
  type        = map(object({ destroyable = optional(bool, false) }))
  default = {
    dev  = { destroyable = true }
    prod = {}
  }

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in keys(var.environments) : can(regex("^[a-z][a-z0-9]{0,15}$", name))])
    error_message = "environments must have names of 1 to 16 lower-case letters and digits, starting with a letter."
  }

  validation {
    # files-api-terraform-state-… and the like are bootstrap's own names, and what begins with an environment's name is that one's.
    condition     = length(setintersection(keys(var.environments), ["bootstrap", "github", "image", "plan", "review", "sessions", "terraform"])) == 0
    error_message = "environments cannot be called bootstrap, github, image, plan, review, sessions or terraform: those names are bootstrap's."
  }
}

variable "github_repository" {
  description = "The repository on GitHub whose pipeline deploys: OWNER/REPOSITORY."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be OWNER/REPOSITORY, without wildcards."
  }
}

variable "github_owner_id" {
  description = "GitHub's number of the owner: `gh api repos/OWNER/REPOSITORY --jq .owner.id`."
  type        = number

  validation {
    condition     = var.github_owner_id > 0 && floor(var.github_owner_id) == var.github_owner_id
    error_message = "github_owner_id must be a positive whole number."
  }
}

variable "github_repository_id" {
  description = "GitHub's number of the repository: `gh api repos/OWNER/REPOSITORY --jq .id`."
  type        = number

  validation {
    condition     = var.github_repository_id > 0 && floor(var.github_repository_id) == var.github_repository_id
    error_message = "github_repository_id must be a positive whole number."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for GitHub, where there is one already: an account has one for each issuer. Null: make it."
  type        = string
  default     = null

  validation {
    condition     = var.github_oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "github_oidc_provider_arn must be the ARN of the provider token.actions.githubusercontent.com."
  }
}

variable "enable_session_preferences" {
  description = "Make SSM-SessionManagerRunShell, the preferences of all sessions in this account and region. False where somebody else has: then instances may write neither to their log group nor use their key."
  type        = bool
  default     = true
}

variable "session_retention_days" {
  description = "Days that the record of a session is kept."
  type        = number
  default     = 400

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.session_retention_days)
    error_message = "Records of sessions are kept for at least a year: 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}
