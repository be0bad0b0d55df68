# The load balancer: where TLS ends, and where a request goes to one fleet or the other.
#
#   main.tf           the load balancer itself
#   target_groups.tf  one for each fleet, blue and green, and what counts as healthy
#   listeners.tf      TLS, and the weights of the fleets
#
# Its security group is the module network's; certificate, names and firewall are the module edge's.

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_150:On in prod; a development environment is destroyed by one command, which checkov cannot see
  #checkov:skip=CKV2_AWS_20:There is no listener on port 80 that could redirect; listeners.tf says why
  #checkov:skip=CKV2_AWS_28:The module edge puts its firewall in front of it, which checkov does not follow across modules
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  ip_address_type    = "ipv4"
  subnets            = var.public_subnet_ids
  security_groups    = [var.security_group_id]

  # A generation answers when it is done, and nothing is sent before: the longest of them must fit.
  idle_timeout = var.idle_timeout_seconds
  # The most seconds that a client keeps a connection open, whether it idles or not.
  client_keep_alive = 3600
  enable_http2      = true

  # What could be taken for another request than it is gets 400, or its connection closed behind it. Not "strictest", which
  # refuses what is harmless, too: a GET with Content-Length: 0, as some libraries send it, or one letter beyond ASCII in
  # any header. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
  desync_mitigation_mode     = "defensive"
  drop_invalid_header_fields = true

  # The host as the client wrote it, and the client's address behind whatever it claims itself: the service believes the
  # last one that came from the load balancer's networks (FILES_API_TRUSTED_PROXIES).
  preserve_host_header       = true
  xff_header_processing_mode = "append"

  # Without its firewall the load balancer answers nobody.
  enable_waf_fail_open = false

  # Take a zone that is ill out of the answers to DNS, by hand or by AWS, without a deployment. Free.
  enable_zonal_shift = true

  enable_deletion_protection = var.deletion_protection

  # Under prefixes of their own: the two have other columns.
  access_logs {
    enabled = true
    bucket  = var.logs_bucket
    prefix  = "load-balancer/access"
  }

  connection_logs {
    enabled = true
    bucket  = var.logs_bucket
    prefix  = "load-balancer/connections"
  }
}
