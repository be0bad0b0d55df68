variables {
  environment                        = "dev"
  region                             = "eu-central-1"
  files_bucket                       = "files"
  keys_table                         = "keys"
  state_table                        = "state"
  audit_log_group                    = "/files-api/dev/audit"
  openai_key_parameter               = "/files-api/dev/secrets/openai-api-key"
  trusted_proxy_cidrs                = ["10.0.0.0/24", "10.0.1.0/24"]
  load_balancer_idle_timeout_seconds = 120
  deregistration_delay_seconds       = 60
  service_port                       = 8000
  worker_processes                   = 2
}

run "keys_alone_where_there_is_no_issuer" {
  command = plan

  assert {
    condition     = output.settings.FILES_API_ACCESS == "keys" && !contains(keys(output.settings), "FILES_API_OIDC_ISSUER")
    error_message = "Without an issuer only API keys open the service."
  }
}

run "tokens_too_where_there_is_one" {
  command = plan
  variables {
    oidc_issuer   = "https://issuer.example"
    oidc_audience = "files-api"
  }

  assert {
    condition     = output.settings.FILES_API_ACCESS == "keys,oidc" && output.settings.FILES_API_OIDC_AUDIENCE == "files-api"
    error_message = "With an issuer its tokens are accepted, too."
  }
}

run "never_open" {
  command = plan

  assert {
    condition     = output.settings.FILES_API_DOCS == "closed" && !strcontains(output.settings.FILES_API_ACCESS, "open")
    error_message = "In the cloud neither the service nor its documentation is open."
  }
}

run "connections_outlast_the_load_balancer" {
  command = plan

  assert {
    condition     = tonumber(output.settings.FILES_API_KEEP_ALIVE_SECONDS) > 120
    error_message = "The service must keep idle connections longer than the load balancer does."
  }
}

run "an_issuer_needs_an_audience" {
  command = plan
  variables {
    oidc_issuer = "https://issuer.example"
  }
  expect_failures = [var.oidc_audience]
}

run "half_a_worker_is_refused" {
  command = plan
  variables {
    worker_processes = 1.5
  }
  expect_failures = [var.worker_processes]
}

run "the_secret_is_no_setting" {
  command = plan
  variables {
    extra = { OPENAI_API_KEY = "sk-1" }
  }
  expect_failures = [var.extra]
}
