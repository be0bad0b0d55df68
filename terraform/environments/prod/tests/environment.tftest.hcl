# How the modules are put together: what only shows when there is more than one of them.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0123456789abcdef0" }
  }
}

mock_provider "aws" {
  alias = "replica"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  region                         = "eu-central-1"
  github_repository              = "example/files-api"
  domain_name                    = "files.example.com"
  zone_id                        = "Z0123456789ABCDEFGHIJ"
  fleets                         = { blue = { min_size = 1, max_size = 3 }, green = { min_size = 0, max_size = 3 } }
  instance_types                 = { arm64 = ["m7g.large"] }
  requests_per_target_per_minute = 3000
}

run "the_modules_fit_together" {
  command = plan

  assert {
    condition     = local.watched_fleet == "blue"
    error_message = "blue serves"
  }
  assert {
    condition     = toset(output.refresh_preferences.AlarmSpecification.Alarms) == toset(module.observability.rollback_alarm_names) && length(module.observability.rollback_alarm_names) > 0
    error_message = "the alarms of observability take a deployment back"
  }
  assert {
    condition     = tonumber(module.settings.settings.FILES_API_KEEP_ALIVE_SECONDS) > module.load_balancer.idle_timeout_seconds
    error_message = "it is never the service that closes a connection first"
  }
  assert {
    condition     = tonumber(module.settings.settings.FILES_API_SHUTDOWN_GRACE_SECONDS) == module.load_balancer.deregistration_delay_seconds
    error_message = "requests that run get as long from both"
  }
  assert {
    condition     = module.settings.settings.FILES_API_TRUSTED_PROXIES == join(",", module.network.public_subnet_cidrs)
    error_message = "X-Forwarded-For is believed from the load balancer's networks alone"
  }
  assert {
    condition     = output.url == "https://files.example.com"
    error_message = "clients come by the domain"
  }
  assert {
    condition     = tolist(module.network.availability_zones) == tolist(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "over three zones"
  }
  assert {
    condition     = var.deletion_protection
    error_message = "unless somebody says otherwise"
  }
}

run "during_a_canary_alarms_watch_the_fleet_that_stays" {
  command = plan
  variables {
    fleets          = { blue = { min_size = 1, max_size = 3 }, green = { min_size = 1, max_size = 3 } }
    traffic_weights = { blue = 95, green = 5 }
  }

  assert {
    condition     = local.watched_fleet == "blue"
    error_message = "the canary's few requests move no alarm of the service"
  }
}

run "green_serves_and_a_deployment_mends_what_an_alarm_is_on_about" {
  command = plan
  variables {
    enable_rollback_alarms = false
    fleets                 = { blue = { min_size = 0, max_size = 3 }, green = { min_size = 1, max_size = 3 } }
    traffic_weights        = { green = 100 }
  }

  assert {
    condition     = local.watched_fleet == "green" && strcontains(output.session_command, "files-api-prod-green")
    error_message = "so does whoever opens a session"
  }

  assert {
    condition     = length(output.refresh_preferences.AlarmSpecification.Alarms) == 0
    error_message = "for that one time"
  }
}
