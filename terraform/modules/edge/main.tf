# What is in front of the load balancer: its name, its certificate and its firewall.
#
#   main.tf          the name, and the certificate for it
#   firewall.tf      what is not let through, and how often one may ask
#   firewall_log.tf  what was not let through
#
# The certificate depends on nothing of the load balancer, whose listener needs it; name and firewall do. So the two
# modules may name each other's outputs: Terraform orders resources, not modules.

locals {
  # A map with one entry or none, whose key is known when Terraform plans.
  domains = var.domain_name == null ? toset([]) : toset([var.domain_name])
}

resource "aws_acm_certificate" "this" {
  for_each = local.domains

  domain_name       = each.key
  validation_method = "DNS" # renewed by itself, as long as the record below is there

  # Public, so that a certificate that somebody else had issued for this name would be noticed.
  options {
    certificate_transparency_logging_preference = "ENABLED"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# One, for the one name in the certificate. Not a for_each over domain_validation_options, which are known after the apply
# alone.
resource "aws_route53_record" "validation" {
  for_each = local.domains

  zone_id = var.zone_id
  name    = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_name
  type    = one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_type
  records = [one(aws_acm_certificate.this[each.key].domain_validation_options).resource_record_value]
  ttl     = 300 # seconds
}

# Waits until it was issued: minutes, or for ever where the zone is not the one that the world asks.
resource "aws_acm_certificate_validation" "this" {
  for_each = local.domains

  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [aws_route53_record.validation[each.key].fqdn]

  timeouts {
    create = "20m"
  }
}

# Nobody but Amazon may issue certificates for this name (RFC 8659), and none with a wildcard below it.
# https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
resource "aws_route53_record" "authorities" {
  for_each = local.domains

  zone_id = var.zone_id
  name    = each.key
  type    = "CAA"
  records = ["0 issue \"amazon.com\"", "0 issuewild \";\""]
  ttl     = 3600 # seconds
}

# No AAAA: the network has IPv4 alone (module network), and an alias to it would answer nothing.
resource "aws_route53_record" "this" {
  for_each = local.domains

  zone_id = var.zone_id
  name    = each.key
  type    = "A"

  alias {
    name    = var.load_balancer_dns_name
    zone_id = var.load_balancer_zone_id
    # Of a load balancer that has no healthy instance there is no second one to send clients to.
    evaluate_target_health = false
  }
}
