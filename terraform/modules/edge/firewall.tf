# The firewall (AWS WAF). It sees of a body the first 8 KB and lets the rest pass: an upload's size is the service's to
# bound. https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html
#
# Bodies and names here are other people's files: any bytes, any ending. What Amazon's rules think of them is counted, and
# blocks nobody. What a name or a body could do to the service is the service's own to refuse, which it is tested for.

locals {
  minutes_of_rates = 5

  # Of AWSManagedRulesCommonRuleSet: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
  counted_common_rules = [
    # Bodies.
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY", # blocks what is longer than 8 KB
    # Names of files, in the path or in a query.
    "CrossSiteScripting_QUERYARGUMENTS",
    "CrossSiteScripting_URIPATH",
    "RestrictedExtensions_QUERYARGUMENTS", # .log, .ini, .conf, .bak and others
    "RestrictedExtensions_URIPATH",
    "SizeRestrictions_QUERYSTRING", # 2 KB; a path of 1,024 bytes takes 3 KB when it is encoded
    "SizeRestrictions_URIPATH",     # 1 KB
    # Clients are programs, and some do not say which.
    "NoUserAgent_HEADER",
  ]

  # Of AWSManagedRulesKnownBadInputsRuleSet. A name that a version of it does not have is ignored.
  counted_bad_inputs = [
    "ExploitablePaths_URIPATH",
    "JavaDeserializationRCE_BODY",
    "JavaDeserializationRCE_QUERYSTRING",
    "JavaDeserializationRCE_URIPATH",
    "Log4JRCE_BODY",
    "Log4JRCE_QUERYSTRING",
    "Log4JRCE_URIPATH",
    "ReactJSRCE_BODY",
  ]

  # The shape of the service's own errors (docs/errors.md), as far as it is known here.
  answers = {
    not-found = {
      type   = "about:blank"
      title  = "Not Found"
      status = 404
      detail = "There is no such resource."
      code   = "not_found"
    }
    too-many-requests = {
      type   = "about:blank"
      title  = "Too Many Requests"
      status = 429
      detail = "Too many requests came from this address: wait for some minutes."
      code   = "rate_limited"
    }
  }
}

resource "aws_wafv2_web_acl" "this" {
  name        = var.name
  description = "In front of the load balancer of ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  dynamic "custom_response_body" {
    for_each = local.answers

    content {
      key          = custom_response_body.key
      content_type = "APPLICATION_JSON" # AWS knows three types, and problem+json is none of them
      content      = jsonencode(custom_response_body.value)
    }
  }

  # /health/deep asks S3 and OpenAI each time, and tells how they are: for those who watch. Either closed, or, for the canary,
  # open to ten requests of an address in five minutes, which is the least that AWS can count.
  dynamic "rule" {
    for_each = var.enable_deep_health ? [] : [true]

    content {
      name     = "deep-health-closed"
      priority = 0

      action {
        block {
          custom_response {
            response_code            = 404
            custom_response_body_key = "not-found"
          }
        }
      }

      statement {
        byte_match_statement {
          search_string         = "/health/deep"
          positional_constraint = "EXACTLY"

          field_to_match {
            uri_path {}
          }

          # As the service reads it.
          text_transformation {
            priority = 0
            type     = "URL_DECODE"
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-deep-health-closed"
        sampled_requests_enabled   = false
      }
    }
  }

  dynamic "rule" {
    for_each = var.enable_deep_health ? [true] : []

    content {
      name     = "deep-health-rate"
      priority = 0

      action {
        block {
          custom_response {
            response_code            = 429
            custom_response_body_key = "too-many-requests"
          }
        }
      }

      statement {
        rate_based_statement {
          limit                 = 10
          evaluation_window_sec = local.minutes_of_rates * 60
          aggregate_key_type    = "IP"

          scope_down_statement {
            byte_match_statement {
              search_string         = "/health/deep"
              positional_constraint = "EXACTLY"

              field_to_match {
                uri_path {}
              }

              text_transformation {
                priority = 0
                type     = "URL_DECODE"
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-deep-health-rate"
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "ip-reputation"
    priority = 10

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-ip-reputation"
      sampled_requests_enabled   = false
    }
  }

  # Above what any plan allows a client in the service (service/files_api/plans.toml): for a flood, before it gets there.
  rule {
    name     = "rate"
    priority = 20

    action {
      block {
        custom_response {
          response_code            = 429
          custom_response_body_key = "too-many-requests"
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.requests_per_address_per_5_minutes
        evaluation_window_sec = local.minutes_of_rates * 60
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = false
    }
  }

  # They cost money, and hold a connection for a minute.
  rule {
    name     = "generation-rate"
    priority = 30

    action {
      block {
        custom_response {
          response_code            = 429
          custom_response_body_key = "too-many-requests"
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.generations_per_address_per_5_minutes
        evaluation_window_sec = local.minutes_of_rates * 60
        aggregate_key_type    = "IP"

        scope_down_statement {
          and_statement {
            statement {
              byte_match_statement {
                search_string         = "POST"
                positional_constraint = "EXACTLY"

                field_to_match {
                  method {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }

            statement {
              byte_match_statement {
                search_string         = "/v1/files/generated"
                positional_constraint = "EXACTLY"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-generation-rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = 40

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"

        dynamic "rule_action_override" {
          for_each = local.counted_bad_inputs

          content {
            name = rule_action_override.value

            action_to_use {
              count {}
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-known-bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "common"
    priority = 50

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        dynamic "rule_action_override" {
          for_each = local.counted_common_rules

          content {
            name = rule_action_override.value

            action_to_use {
              count {}
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-common"
      sampled_requests_enabled   = false
    }
  }

  # No samples anywhere: they would show whole headers, keys among them, to whoever may look at the console.
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "load_balancer" {
  resource_arn = var.load_balancer_arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}
