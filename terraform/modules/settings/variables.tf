variable "environment" {
  description = "Which environment this is; a part of its API keys."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "files_bucket" {
  description = "The bucket that keeps the files."
  type        = string
}

variable "keys_table" {
  description = "The DynamoDB table of API keys."
  type        = string
}

variable "state_table" {
  description = "The DynamoDB table of idempotency keys and quotas."
  type        = string
}

variable "audit_log_group" {
  description = "The log group that gets the audit lines."
  type        = string
}

variable "openai_key_parameter" {
  description = "The SSM SecureString parameter with the key for OpenAI."
  type        = string
}

variable "oidc_issuer" {
  description = "The issuer of tokens that are accepted beside API keys; null for none."
  type        = string
  default     = null
}

variable "oidc_audience" {
  description = "The audience that tokens must be for; needed with an issuer."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_issuer == null || var.oidc_audience != null
    error_message = "oidc_audience is needed where there is an oidc_issuer."
  }
}

variable "limits_storage_url" {
  description = "Where requests are counted for the whole fleet; null counts in each process by itself."
  type        = string
  default     = null
}

variable "trusted_proxy_cidrs" {
  description = "Networks of the load balancer's nodes, whose X-Forwarded-For is believed."
  type        = list(string)
}

variable "cors_origins" {
  description = "Origins of browser applications that may call."
  type        = list(string)
  default     = []
}

variable "load_balancer_idle_timeout_seconds" {
  description = "Seconds after which the load balancer closes an idle connection. The service must keep it longer."
  type        = number
}

variable "deregistration_delay_seconds" {
  description = "Seconds that the load balancer lets running requests of a leaving instance have; the service gives them as many."
  type        = number
}

variable "service_port" {
  description = "The TCP port of the service on an instance."
  type        = number
}

variable "worker_processes" {
  description = "Worker processes on an instance: its virtual CPUs."
  type        = number

  validation {
    condition     = var.worker_processes >= 1 && var.worker_processes <= 64 && floor(var.worker_processes) == var.worker_processes
    error_message = "worker_processes must be a whole number from 1 to 64."
  }
}

variable "extra" {
  description = "More settings of docs/settings.md, by name; they win over the ones made here."
  type        = map(string)
  default     = {}

  validation {
    condition     = !contains(keys(var.extra), "OPENAI_API_KEY")
    error_message = "The key for OpenAI is a secret: put it into its SSM parameter with `make secret`."
  }
}
