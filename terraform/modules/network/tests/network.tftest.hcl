# What must hold of the plan, without AWS. The mocked data sources give what the module computes with.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    # Not in order, and one more than is used.
    defaults = { names = ["eu-central-1c", "eu-central-1a", "eu-central-1d", "eu-central-1b"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                       = "files-api-prod"
  environment                = "prod"
  vpc_cidr                   = "10.30.0.0/16"
  availability_zone_count    = 3
  nat_per_zone               = true
  enable_interface_endpoints = true
  kms_key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  flow_log_retention_days    = 90
  permissions_boundary_arn   = "arn:aws:iam::123456789012:policy/files-api-prod-boundary"
}

run "it_spreads_over_the_first_zones_by_name" {
  command = plan

  assert {
    condition     = tolist(output.availability_zones) == tolist(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "in a fixed order, whatever the order of AWS's answer, so that a new zone moves no subnet"
  }
  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { eu-central-1a = "10.30.0.0/20", eu-central-1b = "10.30.16.0/20", eu-central-1c = "10.30.32.0/20" }
    error_message = "a private subnet in each"
  }
  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { eu-central-1a = "10.30.240.0/24", eu-central-1b = "10.30.241.0/24", eu-central-1c = "10.30.242.0/24" }
    error_message = "a public subnet in each, apart from the private ones"
  }
  assert {
    condition     = output.public_subnet_cidrs == ["10.30.240.0/24", "10.30.241.0/24", "10.30.242.0/24"]
    error_message = "the networks whose X-Forwarded-For the service believes are the load balancer's"
  }
}

run "a_third_zone_moves_no_other" {
  command = plan
  variables { availability_zone_count = 2 }

  assert {
    condition     = aws_subnet.private["eu-central-1b"].cidr_block == "10.30.16.0/20" && aws_subnet.public["eu-central-1b"].cidr_block == "10.30.241.0/24"
    error_message = "the addresses of two zones are those that they have among three"
  }
}

run "nobody_gets_a_public_address_by_being_launched" {
  command = plan

  assert {
    condition     = alltrue([for subnet in merge(aws_subnet.private, { for zone, subnet in aws_subnet.public : "public-${zone}" => subnet }) : !subnet.map_public_ip_on_launch])
    error_message = "neither in private subnets nor in public ones"
  }
}

run "each_zone_has_a_way_out_of_its_own" {
  command = plan

  assert {
    condition     = toset(keys(aws_nat_gateway.this)) == toset(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "a zone that is lost takes no other zone's way out along"
  }
  assert {
    condition     = alltrue([for zone in keys(aws_route.to_nat) : local.nat_zones[zone] == zone])
    error_message = "and each uses its own"
  }
}

run "one_way_out_serves_all_where_that_is_enough" {
  command = plan
  variables { nat_per_zone = false }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_eip.nat) == 1
    error_message = "one gateway, one address"
  }
  assert {
    condition     = length(aws_route_table.private) == 3 && length(aws_route.to_nat) == 3
    error_message = "and still a table for each zone, so that the switch changes routes alone"
  }
}

run "the_internet_reaches_the_load_balancer_alone_and_there_443_alone" {
  command = plan

  # Ids are known after the apply alone; these stand for themselves.
  override_resource {
    target          = aws_security_group.load_balancer
    values          = { id = "sg-load-balancer" }
    override_during = plan
  }
  override_resource {
    target          = aws_security_group.instance
    values          = { id = "sg-instance" }
    override_during = plan
  }
  override_resource {
    target          = aws_security_group.valkey
    values          = { id = "sg-valkey" }
    override_during = plan
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer_from_internet.security_group_id == "sg-load-balancer" && aws_vpc_security_group_ingress_rule.load_balancer_from_internet.from_port == 443 && aws_vpc_security_group_ingress_rule.load_balancer_from_internet.to_port == 443
    error_message = "HTTPS, to the load balancer"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.instance_from_load_balancer.security_group_id == "sg-instance" && aws_vpc_security_group_ingress_rule.instance_from_load_balancer.referenced_security_group_id == "sg-load-balancer" && aws_vpc_security_group_ingress_rule.instance_from_load_balancer.cidr_ipv4 == null
    error_message = "instances are reached by the load balancer, and by no address"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.instance_from_load_balancer.from_port == 8000 && aws_vpc_security_group_ingress_rule.instance_from_load_balancer.to_port == 8000
    error_message = "at the service's port alone: no SSH"
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.load_balancer_to_instances.referenced_security_group_id == "sg-instance" && aws_vpc_security_group_egress_rule.load_balancer_to_instances.to_port == 8000
    error_message = "the load balancer calls instances alone"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.valkey_from_instances.referenced_security_group_id == "sg-instance" && aws_vpc_security_group_ingress_rule.valkey_from_instances.to_port == 6379
    error_message = "Valkey is reached by instances alone"
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.instance_to_https.from_port == 443 && aws_vpc_security_group_egress_rule.instance_to_https.to_port == 443
    error_message = "instances call out by HTTPS alone"
  }
}

run "without_a_domain_dev_opens_80_in_place_of_443" {
  command = plan
  variables {
    environment = "dev"
    plain_http  = true
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.load_balancer_from_internet.from_port == 80 && aws_vpc_security_group_ingress_rule.load_balancer_from_internet.to_port == 80
    error_message = "the port of the one listener"
  }
}

run "whoever_forgets_to_choose_gets_nothing" {
  command = plan

  assert {
    condition     = length(aws_default_route_table.this.route) == 0
    error_message = "the default route table leads nowhere"
  }
}

run "calls_of_aws_stay_inside_and_carry_nothing_out" {
  command = plan

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.dynamodb.vpc_endpoint_type == "Gateway"
    error_message = "files and tables cost nothing on their way"
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["logs", "monitoring", "ssm", "ssmmessages", "xray"]) && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "what an instance calls all the time, under the usual names"
  }
  assert {
    condition = alltrue([
      for document in concat([data.aws_iam_policy_document.s3_endpoint, data.aws_iam_policy_document.dynamodb_endpoint], values(data.aws_iam_policy_document.interface_endpoint)) : alltrue([
        for statement in document.statement : anytrue([
          for condition in statement.condition : condition.variable == "aws:PrincipalAccount" && condition.values == tolist(["123456789012"])
        ])
      ])
    ])
    error_message = "no credentials but this account's work through an endpoint"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.s3_endpoint.statement : alltrue([for resource in statement.resources : startswith(resource, "arn:aws:s3:::files-api-prod-")]) && anytrue([
        for condition in statement.condition : condition.variable == "aws:ResourceAccount" && condition.values == tolist(["123456789012"])
      ])
    ])
    error_message = "no bucket but the system's own is reached"
  }
}

run "interface_endpoints_are_a_switch" {
  command = plan
  variables { enable_interface_endpoints = false }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "they cost by the hour"
  }
}

run "who_talked_to_whom_is_logged" {
  command = plan

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_flow_log.this.log_destination_type == "cloud-watch-logs"
    error_message = "also what was allowed"
  }
  assert {
    condition     = aws_cloudwatch_log_group.flow_logs.name == "/files-api/prod/flow-logs" && aws_cloudwatch_log_group.flow_logs.retention_in_days == 90 && aws_cloudwatch_log_group.flow_logs.kms_key_id == var.kms_key_arn
    error_message = "encrypted, and forgotten in time"
  }
  assert {
    condition     = aws_iam_role.flow_logs.permissions_boundary == var.permissions_boundary_arn
    error_message = "the pipeline may make no role without its boundary"
  }
  assert {
    condition     = anytrue([for condition in data.aws_iam_policy_document.flow_logs_trust.statement[0].condition : condition.variable == "aws:SourceAccount"])
    error_message = "no flow log of somebody else's writes here"
  }
}
