# What must hold of the plan, without AWS.

mock_provider "aws" {}

variables {
  name                        = "files-api-prod"
  domain_name                 = "files.example.com"
  zone_id                     = "Z0123456789ABCDEFGHIJ"
  load_balancer_arn           = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/files-api-prod/50dc6c495c0c9188"
  load_balancer_dns_name      = "files-api-prod-1234567890.eu-central-1.elb.amazonaws.com"
  load_balancer_zone_id       = "Z215JYRZR1TBD5"
  logs_kms_key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  firewall_log_retention_days = 90
}

run "the_name_leads_to_the_load_balancer" {
  command = plan

  assert {
    condition     = aws_route53_record.this["files.example.com"].type == "A" && aws_route53_record.this["files.example.com"].alias[0].name == var.load_balancer_dns_name
    error_message = "an alias to the load balancer"
  }
  assert {
    condition     = aws_route53_record.this["files.example.com"].zone_id == var.zone_id
    error_message = "in the zone that was given"
  }
  assert {
    condition     = output.url == "https://files.example.com"
    error_message = "clients come by HTTPS"
  }
}

run "the_certificate_is_validated_by_dns_and_nobody_else_issues_one" {
  command = plan

  assert {
    condition     = aws_acm_certificate.this["files.example.com"].validation_method == "DNS"
    error_message = "renewed without anybody"
  }
  assert {
    condition     = length(aws_route53_record.validation) == 1 && length(aws_acm_certificate_validation.this) == 1
    error_message = "its record is made, and waited for"
  }
  assert {
    condition     = aws_route53_record.authorities["files.example.com"].records == toset(["0 issue \"amazon.com\"", "0 issuewild \";\""])
    error_message = "CAA names Amazon alone"
  }
}

run "without_a_domain_there_is_a_firewall_all_the_same" {
  command = plan
  variables {
    domain_name = null
    zone_id     = null
  }

  assert {
    condition     = length(aws_acm_certificate.this) == 0 && length(aws_route53_record.this) == 0 && output.certificate_arn == null
    error_message = "nothing to certify"
  }
  assert {
    condition     = aws_wafv2_web_acl_association.load_balancer.resource_arn == var.load_balancer_arn
    error_message = "the firewall is in front of the load balancer"
  }
  assert {
    condition     = output.url == "http://${var.load_balancer_dns_name}"
    error_message = "one asks Amazon's own name"
  }
}

run "uploads_and_names_of_files_are_blocked_by_no_managed_rule" {
  command = plan

  assert {
    condition = length(setsubtract(
      ["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY", "RestrictedExtensions_URIPATH", "SizeRestrictions_URIPATH"],
      flatten([
        for rule in aws_wafv2_web_acl.this.rule : [
          for override in rule.statement[0].managed_rule_group_statement[0].rule_action_override : override.name if length(override.action_to_use[0].count) == 1
        ] if rule.name == "common"
      ])
    )) == 0
    error_message = "what looks at bodies, at their length, or at names of files counts and does not block"
  }
  assert {
    condition = length(setsubtract(
      ["Log4JRCE_BODY", "JavaDeserializationRCE_BODY", "ReactJSRCE_BODY"],
      flatten([
        for rule in aws_wafv2_web_acl.this.rule : [
          for override in rule.statement[0].managed_rule_group_statement[0].rule_action_override : override.name if length(override.action_to_use[0].count) == 1
        ] if rule.name == "known-bad-inputs"
      ])
    )) == 0
    error_message = "a log file with somebody else's attack in it is a file like any other"
  }
}

run "managed_rules_block_what_is_left" {
  command = plan

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.this.rule : rule.name => one(rule.statement[0].managed_rule_group_statement).name if length(rule.statement[0].managed_rule_group_statement) == 1
      } == {
      ip-reputation    = "AWSManagedRulesAmazonIpReputationList"
      known-bad-inputs = "AWSManagedRulesKnownBadInputsRuleSet"
      common           = "AWSManagedRulesCommonRuleSet"
    }
    error_message = "the three rule sets"
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this.rule : length(rule.override_action[0].none) == 1 if length(rule.override_action) == 1])
    error_message = "none of them is only counted as a whole"
  }
  assert {
    condition     = !contains(local.counted_bad_inputs, "Log4JRCE_HEADER") && !contains(local.counted_common_rules, "UserAgent_BadBots_HEADER")
    error_message = "headers are no files"
  }
}

run "one_address_cannot_ask_for_everything" {
  command = plan

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.this.rule : rule.name => rule.statement[0].rate_based_statement[0].limit if length(rule.statement[0].rate_based_statement) == 1
    } == { rate = 100000, generation-rate = 600 }
    error_message = "a rate for everything, and a stricter one for generations"
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].aggregate_key_type == "IP" && rule.action[0].block[0].custom_response[0].response_code == 429 if length(rule.statement[0].rate_based_statement) == 1])
    error_message = "counted for each address, and told by 429"
  }
  assert {
    condition = toset(flatten([
      for rule in aws_wafv2_web_acl.this.rule : [
        for part in rule.statement[0].rate_based_statement[0].scope_down_statement[0].and_statement[0].statement : part.byte_match_statement[0].search_string
      ] if rule.name == "generation-rate"
    ])) == toset(["POST", "/v1/files/generated"])
    error_message = "the stricter one is about asking OpenAI, and not about reading"
  }
}

run "the_deep_health_check_is_closed" {
  command = plan

  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : [rule.statement[0].byte_match_statement[0].search_string, rule.action[0].block[0].custom_response[0].response_code] if rule.priority == 0] == [["/health/deep", 404]]
    error_message = "nobody outside makes the service ask S3 and OpenAI"
  }
}

run "the_canary_may_ask_it_now_and_then" {
  command = plan
  variables { enable_deep_health = true }

  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].limit if rule.priority == 0] == [10]
    error_message = "ten times in five minutes"
  }
  assert {
    condition     = length([for rule in aws_wafv2_web_acl.this.rule : rule if rule.name == "deep-health-closed"]) == 0
    error_message = "and is not turned away"
  }
}

run "what_was_blocked_is_logged_without_keys" {
  command = plan

  override_resource {
    target          = aws_cloudwatch_log_group.firewall
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-files-api-prod" }
    override_during = plan
  }

  assert {
    condition     = aws_wafv2_web_acl_logging_configuration.this.log_destination_configs == toset(["arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-files-api-prod"])
    error_message = "to its own log group, whose name WAF accepts"
  }
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : field.single_header[0].name]) == toset(["authorization", "x-api-key", "cookie"])
    error_message = "credentials are left out"
  }
  assert {
    condition     = aws_cloudwatch_log_group.firewall.kms_key_id == var.logs_kms_key_arn && aws_cloudwatch_log_group.firewall.retention_in_days == 90
    error_message = "encrypted, and forgotten in time"
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this.rule : !rule.visibility_config[0].sampled_requests_enabled]) && !aws_wafv2_web_acl.this.visibility_config[0].sampled_requests_enabled
    error_message = "no samples, which show whole headers"
  }
}

run "rules_have_names_and_priorities_of_their_own" {
  command = plan

  assert {
    condition     = length(toset([for rule in aws_wafv2_web_acl.this.rule : rule.priority])) == length(aws_wafv2_web_acl.this.rule) && length(toset([for rule in aws_wafv2_web_acl.this.rule : rule.name])) == length(aws_wafv2_web_acl.this.rule)
    error_message = "AWS refuses two of the same"
  }
}
