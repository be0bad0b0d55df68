# One listener, and with a certificate it is on port 443: nothing listens on port 80. Clients of an API are programs; one
# that is told http:// by mistake has sent its key in clear before it could be redirected, follows the redirect silently,
# and does it again with each request. Refused, it is noticed on the first day. Browsers come by links, which say https://.

locals {
  # Share of the requests, by fleet, in the order of their names. A fleet with the weight 0 stays in the list: a target
  # group is checked, and can be scaled by its requests, only while a listener knows it.
  forward = [for fleet in sort(local.fleets) : { fleet = fleet, weight = lookup(var.traffic_weights, fleet, 0) }]

  listener = one(concat(aws_lb_listener.https, aws_lb_listener.plain_http))
}

resource "aws_lb_listener" "https" {
  count = var.plain_http ? 0 : 1

  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = var.certificate_arn

  # TLS 1.3 and 1.2 with forward secrecy and AEAD alone; key exchange also by ML-KEM, so that what is recorded today is not
  # read by a quantum computer one day.
  # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
  ssl_policy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

  default_action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = local.forward

        content {
          arn    = aws_lb_target_group.this[target_group.value.fleet].arn
          weight = target_group.value.weight
        }
      }

      # Of a client, too, a share of the requests goes to each fleet.
      stickiness {
        enabled  = false
        duration = 1 # seconds; AWS wants a number
      }
    }
  }
}

# For a try-out in dev by somebody who has no domain: keys and files go in clear.
resource "aws_lb_listener" "plain_http" {
  #checkov:skip=CKV_AWS_2:Only with plain_http, which a validation allows in dev alone
  #checkov:skip=CKV_AWS_103:Only with plain_http, which a validation allows in dev alone
  count = var.plain_http ? 1 : 0

  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = local.forward

        content {
          arn    = aws_lb_target_group.this[target_group.value.fleet].arn
          weight = target_group.value.weight
        }
      }

      stickiness {
        enabled  = false
        duration = 1 # seconds
      }
    }
  }
}

# For whoever tests a fleet before it gets a share of the requests: with X-Files-Api-Fleet: green a request goes there,
# whatever the weights say. By switch, since it is every client's to send: it lets in no one who would not get in otherwise,
# but a fleet without instances answers 503.
resource "aws_lb_listener_rule" "fleet" {
  for_each = var.enable_fleet_header ? local.fleets : toset([])

  listener_arn = local.listener.arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    http_header {
      http_header_name = "X-Files-Api-Fleet"
      values           = [each.key]
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}
