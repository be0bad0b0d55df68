# What must hold of the plan, without AWS.

mock_provider "aws" {}

variables {
  name                = "files-api-dev"
  environment         = "dev"
  vpc_id              = "vpc-0123456789abcdef0"
  public_subnet_ids   = ["subnet-0a", "subnet-0b"]
  security_group_id   = "sg-0123456789abcdef0"
  logs_bucket         = "files-api-dev-logs-123456789012"
  certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  deletion_protection = true
}

run "it_speaks_tls_on_443_and_nothing_else" {
  command = plan

  assert {
    condition     = length(aws_lb_listener.plain_http) == 0 && length(aws_lb_listener.https) == 1
    error_message = "with a certificate there is one listener"
  }
  assert {
    condition     = aws_lb_listener.https[0].port == 443 && aws_lb_listener.https[0].protocol == "HTTPS"
    error_message = "HTTPS on its own port"
  }
  assert {
    condition     = aws_lb_listener.https[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    error_message = "TLS 1.3 and 1.2, forward secrecy, post-quantum key exchange"
  }
  assert {
    condition     = aws_lb_listener.https[0].certificate_arn == var.certificate_arn
    error_message = "with the certificate that it was given"
  }
}

run "without_a_domain_dev_answers_in_clear_and_on_80_alone" {
  command = plan
  variables {
    certificate_arn = null
    plain_http      = true
  }

  assert {
    condition     = length(aws_lb_listener.https) == 0 && length(aws_lb_listener.plain_http) == 1
    error_message = "one listener, not two"
  }
  assert {
    condition     = aws_lb_listener.plain_http[0].port == 80 && aws_lb_listener.plain_http[0].protocol == "HTTP"
    error_message = "the port that the security group opens with plain_http"
  }
}

run "what_is_malformed_does_not_get_through" {
  command = plan

  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && contains(["defensive", "strictest"], aws_lb.this.desync_mitigation_mode)
    error_message = "no request that two servers could read differently"
  }
  assert {
    condition     = aws_lb.this.xff_header_processing_mode == "append" && aws_lb.this.preserve_host_header
    error_message = "the service learns the client's address, and the host that was asked"
  }
  assert {
    condition     = !aws_lb.this.enable_waf_fail_open
    error_message = "a firewall that does not answer lets nobody in"
  }
}

run "everything_is_logged" {
  command = plan

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.access_logs[0].bucket == var.logs_bucket
    error_message = "who asked for what"
  }
  assert {
    condition     = aws_lb.this.connection_logs[0].enabled && aws_lb.this.connection_logs[0].bucket == var.logs_bucket
    error_message = "who connected with what, also those who failed"
  }
  assert {
    condition     = aws_lb.this.access_logs[0].prefix != aws_lb.this.connection_logs[0].prefix
    error_message = "the two lie apart"
  }
}

run "it_survives" {
  command = plan

  assert {
    condition     = aws_lb.this.enable_deletion_protection
    error_message = "a protected one is not deleted"
  }
  assert {
    condition     = aws_lb.this.enable_zonal_shift
    error_message = "a zone can be taken out"
  }
  assert {
    condition     = length(aws_lb.this.subnets) == 2
    error_message = "it stands in each zone"
  }
}

run "development_can_be_destroyed" {
  command = plan
  variables { deletion_protection = false }

  assert {
    condition     = !aws_lb.this.enable_deletion_protection
    error_message = "destroyed by one command"
  }
}

run "a_generation_fits_and_a_request_that_runs_may_end" {
  command = plan

  assert {
    condition     = aws_lb.this.idle_timeout == 120 && output.idle_timeout_seconds == 120
    error_message = "longer than a generation, and told to whoever sets the service's keep-alive"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : tonumber(group.deregistration_delay) == 60]) && output.deregistration_delay_seconds == 60
    error_message = "as long as the service gives them"
  }
}

run "instances_are_asked_whether_they_are_ready_not_whether_all_is_well" {
  command = plan

  assert {
    condition     = toset(keys(aws_lb_target_group.this)) == toset(["blue", "green"])
    error_message = "a target group for each fleet"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.health_check[0].path == "/health/ready" && group.health_check[0].matcher == "200"])
    error_message = "/health/deep would have healthy instances replaced when S3 is down"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.load_balancing_algorithm_type == "least_outstanding_requests" && !group.stickiness[0].enabled])
    error_message = "a request goes to whoever has least to do"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.port == 8000 && group.protocol == "HTTP"])
    error_message = "the port on which the service listens"
  }
}

run "all_requests_go_to_blue_and_green_is_known" {
  command = plan

  # ARNs are known after the apply alone; these stand for themselves.
  override_resource {
    target          = aws_lb_target_group.this["blue"]
    values          = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/1" }
    override_during = plan
  }
  override_resource {
    target          = aws_lb_target_group.this["green"]
    values          = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/1" }
    override_during = plan
  }

  assert {
    condition     = { for group in aws_lb_listener.https[0].default_action[0].forward[0].target_group : group.arn => group.weight } == { "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/1" = 100, "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/1" = 0 }
    error_message = "green is in the list with nothing, so that it is checked"
  }
  assert {
    condition     = !aws_lb_listener.https[0].default_action[0].forward[0].stickiness[0].enabled
    error_message = "no client is bound to a fleet"
  }
  assert {
    condition     = length(aws_lb_listener_rule.fleet) == 0
    error_message = "nobody chooses the fleet, unless the switch is on"
  }
}

run "a_canary_gets_its_share" {
  command = plan
  variables {
    traffic_weights     = { blue = 95, green = 5 }
    enable_fleet_header = true
  }

  override_resource {
    target          = aws_lb_target_group.this["blue"]
    values          = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/1" }
    override_during = plan
  }
  override_resource {
    target          = aws_lb_target_group.this["green"]
    values          = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/1" }
    override_during = plan
  }

  assert {
    condition     = { for group in aws_lb_listener.https[0].default_action[0].forward[0].target_group : group.arn => group.weight } == { "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/blue/1" = 95, "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/green/1" = 5 }
    error_message = "as the weights say"
  }
  assert {
    condition     = alltrue([for fleet, rule in aws_lb_listener_rule.fleet : one(rule.action).target_group_arn == "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/${fleet}/1" && one(one(rule.condition).http_header).values == toset([fleet])])
    error_message = "by the header one comes to the fleet that it names"
  }
}
