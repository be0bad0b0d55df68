# What the service is told (docs/settings.md), from what the other modules made. It makes nothing itself: the map
# becomes SSM parameters in the module compute, and /etc/files-api/environment on each instance.

locals {
  optional = {
    FILES_API_OIDC_ISSUER    = var.oidc_issuer
    FILES_API_OIDC_AUDIENCE  = var.oidc_audience
    FILES_API_LIMITS_STORAGE = var.limits_storage_url
    FILES_API_CORS_ORIGINS   = length(var.cors_origins) > 0 ? join(",", var.cors_origins) : null
  }

  settings = {
    AWS_REGION                     = var.region
    FILES_API_ACCESS               = var.oidc_issuer == null ? "keys" : "keys,oidc"
    FILES_API_AUDIT_LOG_GROUP      = var.audit_log_group
    FILES_API_BUCKET               = var.files_bucket
    FILES_API_DOCS                 = "closed"
    FILES_API_ENVIRONMENT          = var.environment
    FILES_API_HOST                 = "0.0.0.0"
    FILES_API_KEYS_TABLE           = var.keys_table
    FILES_API_OPENAI_KEY_PARAMETER = var.openai_key_parameter
    FILES_API_STATE_TABLE          = var.state_table
    FILES_API_TRUSTED_PROXIES      = join(",", var.trusted_proxy_cidrs)
    PORT                           = tostring(var.service_port)
    WEB_CONCURRENCY                = tostring(var.worker_processes)

    # Longer than the load balancer's, so that it is never the service that closes a connection which the load balancer
    # is about to use: that would be a 502.
    FILES_API_KEEP_ALIVE_SECONDS     = tostring(var.load_balancer_idle_timeout_seconds + 15)
    FILES_API_SHUTDOWN_GRACE_SECONDS = tostring(var.deregistration_delay_seconds)

    # The CloudWatch agent on the instance. Its metrics are sums since the last report: counters of processes that come
    # and go would otherwise jump.
    OTEL_EXPORTER_OTLP_ENDPOINT                       = "http://127.0.0.1:4318"
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE = "delta"
  }
}
