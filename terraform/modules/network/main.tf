# The network: a VPC over two or three zones. What faces the internet (the load balancer, NAT gateways) is in public
# subnets; instances are in private ones, reach S3 and DynamoDB through gateway endpoints and everything else, OpenAI
# above all, through NAT.
#
#   main.tf             VPC, subnets, routes, NAT
#   endpoints.tf        gateway and interface endpoints, and who may use them for what
#   security_groups.tf  every security group of the system; their rules name each other
#   flow_logs.tf        who talked to whom
#
# IPv4 only. Clients all have it; IPv6 would double the rules that have to be right here, and the rate rules of WAF
# count single addresses, of which every IPv6 client has as many as it likes.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_availability_zones" "these" {
  #checkov:skip=CKV_AWS_394:The first two or three by name are taken; a zone that AWS adds has a letter behind theirs, and changes nothing
  # Not filtered by `state`: a zone that is impaired for an hour would drop out of the list, and the next apply would
  # replace every subnet after it. Local and Wavelength zones must be opted in to, and have no NAT gateways.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = slice(
    sort(data.aws_availability_zones.these.names), 0,
    min(var.availability_zone_count, length(data.aws_availability_zones.these.names))
  )

  # Of a /16: private subnets are 10.20.0.0/20, 10.20.16.0/20, …; public ones 10.20.240.0/24, 10.20.241.0/24, …: a third
  # zone, or a third kind of subnet, fits in between without moving any of them.
  private_cidrs = { for index, zone in local.zones : zone => cidrsubnet(var.vpc_cidr, 4, index) }
  public_cidrs  = { for index, zone in local.zones : zone => cidrsubnet(var.vpc_cidr, 8, 240 + index) }

  # The zone whose NAT gateway a zone uses.
  nat_zones = { for zone in local.zones : zone => var.nat_per_zone ? zone : local.zones[0] }
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # private names of interface endpoints need it

  tags = { Name = var.name }

  lifecycle {
    precondition {
      condition     = length(local.zones) == var.availability_zone_count
      error_message = "This region has fewer zones than availability_zone_count."
    }
  }
}

# Whoever forgets to name a route table gets this one: it leads nowhere.
resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []

  tags = { Name = "${var.name}-unused" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_subnet" "public" {
  for_each = local.public_cidrs

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false # the load balancer and NAT gateways bring their own addresses; nothing else belongs here

  tags = { Name = "${var.name}-public-${each.key}" }
}

resource "aws_subnet" "private" {
  for_each = local.private_cidrs

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_eip" "nat" {
  for_each = toset(values(local.nat_zones))

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(values(local.nat_zones))

  allocation_id     = aws_eip.nat[each.key].id
  connectivity_type = "public"
  subnet_id         = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "to_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  route_table_id = aws_route_table.public.id
  subnet_id      = each.value.id
}

# One a zone also with a single NAT gateway, so that nat_per_zone changes routes and nothing else.
resource "aws_route_table" "private" {
  for_each = local.nat_zones

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route" "to_nat" {
  for_each = local.nat_zones

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = each.value.id
}
