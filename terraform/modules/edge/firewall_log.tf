# What the firewall has blocked, or counted; what it let pass is in the load balancer's access log.

resource "aws_cloudwatch_log_group" "firewall" {
  #checkov:skip=CKV_AWS_338:How long is the environment's choice; what was blocked a year ago is asked for by nobody
  # WAF writes to names that begin so, and to no others:
  # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
  name              = "aws-waf-logs-${var.name}"
  kms_key_id        = var.logs_kms_key_arn
  retention_in_days = var.firewall_log_retention_days
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "x-api-key"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }

      condition {
        action_condition {
          action = "COUNT"
        }
      }

      # A rule of Amazon's that this module has turned into a count.
      condition {
        action_condition {
          action = "EXCLUDED_AS_COUNT"
        }
      }
    }
  }
}
