# All security groups of the system, in one place, so that it can be seen who may talk to whom:
#
#   internet -> load balancer -> instances -> endpoints, Valkey, and HTTPS anywhere (OpenAI, the issuer of tokens)
#
# There is no port 22 and no way in but through the load balancer: operators come by Session Manager, whose agent calls
# out. Each rule is a resource of its own, so that a rule which somebody adds by hand shows as drift of nothing else.

locals {
  listener_port = var.plain_http ? 80 : 443
  valkey_port   = 6379
}

# Whoever forgets to name a security group gets this one: no rules at all, in either direction.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-unused" }
}

resource "aws_security_group" "load_balancer" {
  #checkov:skip=CKV2_AWS_5:The module load_balancer attaches it
  name        = "${var.name}-load-balancer"
  description = "The load balancer: in from the internet, out to the instances"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-load-balancer" }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_internet" {
  #checkov:skip=CKV_AWS_260:Port 80 only with plain_http, which a validation allows in dev alone
  security_group_id = aws_security_group.load_balancer.id
  description       = "Clients, from anywhere: the service is public"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = local.listener_port
  to_port           = local.listener_port
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_instances" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.instance.id
  ip_protocol                  = "tcp"
  from_port                    = var.service_port
  to_port                      = var.service_port
}

resource "aws_security_group" "instance" {
  #checkov:skip=CKV2_AWS_5:The module compute attaches it
  name        = "${var.name}-instance"
  description = "Instances: in from the load balancer only"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-instance" }
}

resource "aws_vpc_security_group_ingress_rule" "instance_from_load_balancer" {
  security_group_id            = aws_security_group.instance.id
  description                  = "Requests and health checks"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.service_port
  to_port                      = var.service_port
}

# OpenAI and issuers of tokens publish no list of addresses, so that this cannot be narrower; S3, DynamoDB and the
# endpoints are in it. DNS and time need no rule: the VPC's resolver and clock are not filtered by security groups.
resource "aws_vpc_security_group_egress_rule" "instance_to_https" {
  security_group_id = aws_security_group.instance.id
  description       = "HTTPS: S3, DynamoDB, AWS, OpenAI, the issuer of tokens"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "instance_to_valkey" {
  security_group_id            = aws_security_group.instance.id
  description                  = "Counting of requests"
  referenced_security_group_id = aws_security_group.valkey.id
  ip_protocol                  = "tcp"
  from_port                    = local.valkey_port
  to_port                      = local.valkey_port
}

# Also there without Valkey or interface endpoints: a group costs nothing, and a switch then moves only what it names.
resource "aws_security_group" "valkey" {
  #checkov:skip=CKV2_AWS_5:The module access attaches it
  name        = "${var.name}-valkey"
  description = "Valkey: in from the instances, never out"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-valkey" }
}

resource "aws_vpc_security_group_ingress_rule" "valkey_from_instances" {
  security_group_id            = aws_security_group.valkey.id
  description                  = "Counting of requests"
  referenced_security_group_id = aws_security_group.instance.id
  ip_protocol                  = "tcp"
  from_port                    = local.valkey_port
  to_port                      = local.valkey_port
}

resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:Attached to the interface endpoints, which are switched off by default
  name        = "${var.name}-endpoints"
  description = "Interface endpoints: in from the instances, never out"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_instances" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "Calls of AWS"
  referenced_security_group_id = aws_security_group.instance.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
