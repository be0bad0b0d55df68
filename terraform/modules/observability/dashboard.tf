resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = templatefile("${local.content}/dashboard.json.tftpl", {
    region             = local.region
    environment        = var.environment
    load_balancer      = var.load_balancer_arn_suffix
    target_group       = var.target_group_arn_suffix
    auto_scaling_group = var.auto_scaling_group_name
    bucket             = var.files_bucket
  })
}

locals {
  queries = jsondecode(templatefile("${local.content}/queries.json", { environment = var.environment }))

  # The console of another partition lives under another domain:
  # https://docs.aws.amazon.com/general/latest/gr/signin-service.html
  console = {
    aws        = "console.aws.amazon.com"
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }[local.partition]
}

resource "aws_cloudwatch_query_definition" "these" {
  for_each = { for query in local.queries : query.name => query }

  name            = each.value.name
  log_group_names = each.value.log_group_names
  query_string    = each.value.query_string

  depends_on = [
    aws_cloudwatch_log_group.service,
    aws_cloudwatch_log_group.audit,
    aws_cloudwatch_log_group.deployments,
  ]
}
