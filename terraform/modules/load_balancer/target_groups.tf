# Both fleets have a target group, whether there are instances in it or not: nothing has to be made when a deployment goes
# from one to the other.

locals {
  fleets = toset(["blue", "green"])
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it are private subnets whose security groups let nobody else in
  for_each = local.fleets

  name             = "${var.name}-${each.key}"
  vpc_id           = var.vpc_id
  target_type      = "instance"
  port             = var.service_port
  protocol         = "HTTP"
  protocol_version = "HTTP1"

  # Requests are of very different length: a generation takes a minute, a small file some milliseconds. No slow start,
  # which AWS does not combine with this algorithm; it needs none, either: an instance that answers slowly gets less.
  # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
  load_balancing_algorithm_type = "least_outstanding_requests"

  # The service lets a request that it has begun end within as many seconds (FILES_API_SHUTDOWN_GRACE_SECONDS).
  deregistration_delay = var.deregistration_delay_seconds

  # Any instance answers any request.
  stickiness {
    enabled = false
    type    = "lb_cookie"
  }

  # Ready, not well: S3's or OpenAI's outage is no reason to replace instances. A fleet takes a new one in after 20
  # seconds at most, and leaves a dead one out after 30.
  health_check {
    enabled             = true
    path                = "/health/ready"
    protocol            = "HTTP"
    port                = "traffic-port"
    matcher             = "200"
    interval            = 10 # seconds
    timeout             = 5  # seconds
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}
